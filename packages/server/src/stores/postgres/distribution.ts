/**
 * How the tables lie where Citus spreads PostgreSQL over several machines. Tables that grow are distributed by product. Small
 * tables lie on the coordinator alone, where every group reads them without a lock on any other machine.
 */
import type { Client } from "pg";

/** The column by which each table's rows are distributed to shards; it is part of every unique key. */
export const DISTRIBUTED: Readonly<Record<string, string>> = { entry: "shard_key", metering_record: "shard_key" };

/** Tables on the coordinator alone. If every machine had a copy, writing one row would lock the table in the whole cluster. */
export const LOCAL: readonly string[] = [
  "catalogue",
  "expired_tally",
  "expired_usage",
  "lane",
  "lease",
  "resource",
  "schema_version",
  "state",
  "state_change",
  "sum_position",
  "sums",
  "tally",
  "usage_sum",
];

/** The table beside whose shards the others' shards lie, so that all rows of one product are on one machine. */
const BESIDE = "countinghouse.entry";

class DistributionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DistributionError";
  }
}

/** The statements that distribute the tables, to be run after the extension has been created. Rows in the tables are moved. */
export function distributionStatements(tables: readonly string[] = Object.keys(DISTRIBUTED)): string[] {
  return tables.flatMap((table) => {
    const beside = `countinghouse.${table}` === BESIDE ? "" : `, colocate_with => '${BESIDE}'`;
    return [
      `SELECT create_distributed_table('countinghouse.${table}', '${DISTRIBUTED[table]}'${beside})`,
      `SELECT truncate_local_data_after_distributing_table('countinghouse.${table}')`,
    ];
  });
}

export interface Distribution {
  /** Tables that this call distributed. */
  readonly distributed: readonly string[];
  /** Tables that an earlier version had distributed, and that this call moved to the coordinator. */
  readonly undistributed: readonly string[];
}

/** To be called while no server is connected. Throws DistributionError. */
export async function distribute(client: Client): Promise<Distribution> {
  const { rows } = await client.query<{ there: boolean; available: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pg_extension WHERE extname = 'citus') AS there,
       EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'citus') AS available`,
  );
  if (rows[0]?.there !== true) {
    const remedy =
      rows[0]?.available === true
        ? "It is installed on the machine: CREATE EXTENSION citus in this database, add the workers, and try again."
        : "It is not installed on the machine either. Without it the ledger works on one PostgreSQL, as ever.";
    throw new DistributionError(`This database has no extension citus, so nothing was distributed. ${remedy}`);
  }
  const spread = await spreadTables(client);
  const undistributed = LOCAL.filter((table) => spread.has(table));
  for (const table of undistributed) await client.query(`SELECT undistribute_table('countinghouse.${table}')`);
  const distributed = Object.keys(DISTRIBUTED).filter((table) => !spread.has(table));
  for (const statement of distributionStatements(distributed)) await client.query(statement);
  return { distributed, undistributed };
}

/** Which of the ledger's tables Citus has distributed. */
async function spreadTables(client: Client): Promise<ReadonlySet<string>> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT c.relname::text AS name FROM pg_dist_partition p JOIN pg_class c ON c.oid = p.logicalrelid
     WHERE c.relnamespace = 'countinghouse'::regnamespace`,
  );
  return new Set(rows.map(({ name }) => name));
}

/** To be called before anything else is done with a database. Throws DistributionError where the database is a worker's. */
export async function refuseWorker(client: Client): Promise<void> {
  if (!(await isOfCitus(client))) return;
  const { rows } = await client.query<{ groupid: number }>("SELECT groupid FROM pg_dist_local_group");
  if ((rows[0]?.groupid ?? 0) === 0) return;
  throw new DistributionError(
    "This database is a worker of a Citus cluster. Name the coordinator's: all servers have to use that one, since the locks that they share are there.",
  );
}

/** Whether the ledger lies on several machines. Throws DistributionError where its tables do not lie as they must. */
export async function isSpread(client: Client): Promise<boolean> {
  if (!(await isOfCitus(client))) return false;
  const spread = await spreadTables(client);
  if (spread.size === 0) return false;
  const wrong = [
    ...LOCAL.filter((table) => spread.has(table)),
    ...Object.keys(DISTRIBUTED).filter((table) => !spread.has(table)),
  ];
  if (wrong.length === 0) return true;
  throw new DistributionError(
    `The tables of this ledger are distributed, but not as this version needs it (${wrong.join(", ")}). Stop all servers and run countinghouse store migrate --citus.`,
  );
}

async function isOfCitus(client: Client): Promise<boolean> {
  const { rows } = await client.query<{ there: boolean }>(
    "SELECT to_regclass('pg_catalog.pg_dist_partition') IS NOT NULL AS there",
  );
  return rows[0]?.there === true;
}
