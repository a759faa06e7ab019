/**
 * Whether Citus, by what it requires of tables, can distribute the schema as `distribution.ts` says. Tests that run on Citus
 * itself are in `test/citus/`.
 */
import { beforeEach, expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres, type TestDatabase } from "../../../../../test/support/postgres/database.ts";
import { runCommand } from "../../../../../test/support/server.ts";
import { DISTRIBUTED, LOCAL, distributionStatements } from "./distribution.ts";
import { SCHEMA_VERSION } from "./migrations.ts";

const test = testOfPostgres();

let database: TestDatabase;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
});

const migrate = (...more: readonly string[]): ReturnType<typeof runCommand> =>
  runCommand(["store", "migrate", ...more], { COUNTINGHOUSE_STORE: database.url });

async function migrated(): Promise<void> {
  expect(await migrate()).toMatchObject({ code: 0 });
}

const list = async (sql: string): Promise<unknown[]> => (await database.query(sql)).map((row) => Object.values(row)[0]);

test("every table is named, as distributed or as the coordinator's", async () => {
  await migrated();
  const tables = await list(
    "SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'countinghouse' ORDER BY 1",
  );
  expect([...Object.keys(DISTRIBUTED), ...LOCAL].toSorted()).toEqual(tables);
  const named = distributionStatements().map((statement) => /countinghouse\.(\w+)/.exec(statement)?.[1]);
  expect(new Set(named)).toEqual(new Set(Object.keys(DISTRIBUTED)));
});

test("what a table is distributed by is never null, and in each of its unique indexes", async () => {
  await migrated();
  const indexes = await database.query(
    `SELECT c.relname AS "table", i.indexrelid::regclass::text AS index,
       array_agg(a.attname::text) AS columns
     FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = ANY (i.indkey)
     WHERE n.nspname = 'countinghouse' AND (i.indisunique OR i.indisexclusion) GROUP BY 1, 2`,
  );
  const grown = indexes.filter(({ table }) => String(table) in DISTRIBUTED);
  expect(new Set(grown.map(({ table }) => table))).toEqual(new Set(Object.keys(DISTRIBUTED)));
  for (const { table, index, columns } of grown) expect(columns, String(index)).toContain(DISTRIBUTED[String(table)]);
  for (const [table, column] of Object.entries(DISTRIBUTED)) {
    const nullable = `SELECT is_nullable || ' ' || data_type FROM information_schema.columns
      WHERE table_schema = 'countinghouse' AND table_name = '${table}' AND column_name = '${column}'`;
    // The column has the same type in both tables, so that their rows can lie side by side.
    expect(await list(nullable), table).toEqual(["NO bigint"]);
  }
});

test("there are no foreign keys, triggers, sequences, rules, inheritance or generated columns", async () => {
  await migrated();
  const ours = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace";
  for (const found of [
    `SELECT conname::text FROM pg_constraint k WHERE k.contype IN ('f', 't')
       AND k.connamespace = 'countinghouse'::regnamespace`,
    `SELECT t.tgname::text ${ours} JOIN pg_trigger t ON t.tgrelid = c.oid WHERE n.nspname = 'countinghouse'`,
    `SELECT c.relname::text ${ours} WHERE n.nspname = 'countinghouse' AND c.relkind NOT IN ('r', 'i', 't')`,
    `SELECT r.rulename::text ${ours} JOIN pg_rewrite r ON r.ev_class = c.oid WHERE n.nspname = 'countinghouse'`,
    `SELECT c.relname::text ${ours} JOIN pg_inherits h ON h.inhrelid = c.oid WHERE n.nspname = 'countinghouse'`,
    `SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'countinghouse'
       AND (is_generated = 'ALWAYS' OR is_identity = 'YES' OR column_default LIKE '%nextval%')`,
  ]) {
    expect(await list(found), found).toEqual([]);
  }
});

test("store migrate says what it did, and --citus is refused where the extension is not there", async () => {
  const first = await migrate("--json");
  expect(JSON.parse(first.stdout)).toEqual({
    fromVersion: 0,
    toVersion: SCHEMA_VERSION,
    distributed: [],
    undistributed: [],
  });
  expect(await migrate()).toMatchObject({ code: 0, stdout: expect.stringMatching(/was up to date/) as string });
  expect(await migrate("--citus")).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/has no extension citus, so nothing was distributed/) as string,
  });
});
