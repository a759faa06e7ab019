/**
 * How long the migration of a ledger from schema version 6 to 7 takes, which makes the rows of metering records anew:
 * `node scripts/run.mjs bench/postgres/migration.ts [--requests 40000]`. It fills a PostgreSQL of its own, removes the new
 * columns, and migrates.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { PostgresServer } from "../../test/support/postgres/postgres-server.ts";
import { migrateLedger } from "../../packages/server/src/stores/postgres/migrate-ledger.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { machineOf } from "../machine.ts";
import { RECORDS, newUsage, openNode } from "./store-load.ts";

const { values } = parseArgs({ options: { requests: { type: "string", default: "40000" } } });
const requests = Number(values.requests);
const folder = mkdtempSync(join(tmpdir(), "countinghouse-migration-"));
const postgres = await PostgresServer.make(folder, ["fsync=off", "max_wal_size=8GB"]);

const sizes = async (): Promise<string> => {
  const [row] = await postgres.query(
    "SELECT pg_total_relation_size('countinghouse.metering_record') AS records, pg_database_size(current_database()) AS database",
  );
  return `metering_record ${Number(row?.["records"]) / 1e6} MB of ${Number(row?.["database"]) / 1e6} MB`;
};

try {
  await migrateLedger(postgres.url(), false, realWorld);
  const node = await openNode(postgres.url());
  let left = requests;
  const fill = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await node.transact(newUsage("product"));
    }
  };
  await Promise.all(Array.from({ length: 64 }, fill));
  await node.close();
  await postgres.query(`DELETE FROM countinghouse.schema_version WHERE version > 6`);
  await postgres.query(`ALTER TABLE countinghouse.metering_record DROP COLUMN quantity, DROP COLUMN product, DROP COLUMN customer,
    DROP COLUMN dimension, DROP COLUMN region, DROP COLUMN kind`);
  await postgres.query("VACUUM FULL countinghouse.metering_record");
  await postgres.query("CHECKPOINT");
  process.stdout.write(`${JSON.stringify(machineOf(folder))}\nbefore: ${await sizes()}\n`);
  const [begun] = await postgres.query("SELECT pg_current_wal_lsn() AS lsn");
  const startMs = performance.now();
  await migrateLedger(postgres.url(), false, realWorld);
  const seconds = (performance.now() - startMs) / 1_000;
  const [wal] = await postgres.query(`SELECT pg_current_wal_lsn() - '${String(begun?.["lsn"])}'::pg_lsn AS bytes`);
  const rows = requests * RECORDS;
  process.stdout.write(
    `${rows} rows in ${seconds.toFixed(1)} s: ${Math.round(rows / seconds)} a second; log ${Number(wal?.["bytes"]) / 1e6} MB\nafter: ${await sizes()}\n`,
  );
} finally {
  await postgres.remove();
}
