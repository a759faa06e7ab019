/**
 * How the tables lie where PostgreSQL is spread over several machines by Citus: what grows by product, what is small as a
 * copy on each.
 */
import type { Client } from "pg";

/** By what the rows of a table are told apart into shards; it is part of every unique key. */
export const DISTRIBUTED: Readonly<Record<string, string>> = { entry: "shard_key", metering_record: "shard_key" };

/** Whole on every machine. */
export const REFERENCE: readonly string[] = ["catalogue", "lane", "lease", "schema_version", "state", "state_change"];

/** Tables of one column type whose shards of one product are to lie on one machine. */
const BESIDE = "countinghouse.entry";

class DistributionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "DistributionError";
  }
}

/** What is run, statement by statement, after the extension has been made. */
export function distributionStatements(): string[] {
  return [
    ...REFERENCE.map((table) => `SELECT create_reference_table('countinghouse.${table}')`),
    ...Object.entries(DISTRIBUTED).map(([table, column]) => {
      const beside = `countinghouse.${table}` === BESIDE ? "" : `, colocate_with => '${BESIDE}'`;
      return `SELECT create_distributed_table('countinghouse.${table}', '${column}'${beside})`;
    }),
  ];
}

/** Answers the tables that it has distributed: none, where all were already. Throws DistributionError. */
export async function distribute(client: Client): Promise<string[]> {
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
  const { rows: known } = await client.query<{ name: string }>(
    "SELECT logicalrelid::regclass::text AS name FROM pg_dist_partition",
  );
  const done = new Set(known.map(({ name }) => name));
  const distributed: string[] = [];
  for (const statement of distributionStatements()) {
    const [table = ""] = /countinghouse\.\w+/.exec(statement) ?? [];
    if (done.has(table)) continue;
    await client.query(statement);
    distributed.push(table);
  }
  return distributed;
}
