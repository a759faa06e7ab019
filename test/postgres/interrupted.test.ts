/** Store commands on PostgreSQL that are interrupted while a statement waits: the database ends with them, and nothing is half-made. */
import { join } from "node:path";
import { Client } from "pg";
import { beforeAll, expect, onTestFinished } from "vitest";
import { MADE_MS_MAX, largeLedger } from "../support/large-ledger.ts";
import { newDatabase, nodeArgs, testOfPostgres, type TestDatabase } from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";
import { runCommand, startServer, temporaryFolder } from "../support/server.ts";
import { startCommand } from "../support/started-command.ts";

const test = testOfPostgres();
const ENTRIES = 700;
const folder = temporaryFolder();
const data = join(folder.path, "data");

beforeAll(async () => {
  await largeLedger(data, ENTRIES);
  return () => folder.remove();
}, MADE_MS_MAX);

async function newTarget(): Promise<TestDatabase> {
  const made = await newDatabase();
  onTestFinished(() => made.remove());
  return made;
}

/** Does something in a transaction that stays open; answers a function that undoes it. */
async function held({ url }: TestDatabase, sql: string): Promise<() => Promise<void>> {
  const client = new Client({ connectionString: url });
  client.on("error", () => undefined);
  await client.connect();
  await client.query("BEGIN");
  await client.query(sql);
  return () => client.end();
}

const sessions = async (database: TestDatabase): Promise<unknown> =>
  (
    await database.query(`SELECT count(*)::int AS count FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'countinghouse maintenance'`)
  )[0]?.["count"];

const copyOf = (to: string): { args: string[]; env: Record<string, string> } => ({
  args: ["store", "copy", "--from", `sqlite:${data}`],
  env: { COUNTINGHOUSE_COPY_TO: to },
});

test("copy: what is there counts as unfinished; it is refused, and copied anew when asked for", async () => {
  const target = await newTarget();
  expect(await runCommand(["store", "migrate"], { COUNTINGHOUSE_STORE: target.url })).toMatchObject({ code: 0 });
  const { args, env } = copyOf(target.url);
  const letGo = await held(target, "LOCK TABLE countinghouse.entry IN SHARE MODE");
  const copying = startCommand([...args, "--json"], env);
  await copying.saying('"copying entries"');
  copying.interrupt();
  const ended = await copying.ended;
  expect(ended).toMatchObject({ code: 130, stdout: "" });
  expect(ended.stderr).toContain(
    "countinghouse: Interrupted. The copy was not completed: it was interrupted. What is there is a part, and no server serves from it; begin anew with --again.\n",
  );
  await expect.poll(() => sessions(target)).toBe(0);
  await letGo();
  await expect(startServer(nodeArgs(target.url, newFolder()))).rejects.toThrow(/Copy it with --again\./);
  expect(await runCommand(args, env)).toMatchObject({ code: 1, stdout: "" });
  const again = await runCommand([...args, "--again", "--json"], env);
  expect(again, again.stderr).toMatchObject({ code: 0 });
  expect(JSON.parse(again.stdout)).toMatchObject({ entries: ENTRIES, meteringRecords: 25 * ENTRIES });
});

test("copy: while the source is verified, nothing was copied", async () => {
  const target = await newTarget();
  const { args, env } = copyOf(target.url);
  const copying = startCommand([...args, "--json"], env);
  await copying.saying('"reading entries"');
  copying.interrupt("SIGTERM");
  const ended = await copying.ended;
  expect(ended.code).toBe(143);
  expect(ended.stderr).toContain("countinghouse: Interrupted. ");
  const again = await runCommand([...args, "--again"], env);
  expect(again, again.stderr).toMatchObject({ code: 0 });
});

test("copy: tells of the source, of the entries, and of reading them again", async () => {
  const target = await newTarget();
  const { args, env } = copyOf(target.url);
  const { code, stderr } = await startCommand([...args, "--json"], env).ended;
  expect(code, stderr).toBe(0);
  const lines = stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly doing: string; readonly done: number });
  expect(lines.filter(({ doing }) => doing === "copying entries").at(-1)).toMatchObject({ done: ENTRIES, of: ENTRIES });
  expect(lines.filter(({ doing, done }) => doing === "reading entries" && done === ENTRIES)).toHaveLength(2);
});

test("verify: ends, and its statement with it", async () => {
  const target = await newTarget();
  const { args, env } = copyOf(target.url);
  expect(await runCommand(args, env)).toMatchObject({ code: 0 });
  const letGo = await held(target, "LOCK TABLE countinghouse.entry IN ACCESS EXCLUSIVE MODE");
  const verifying = startCommand(["store", "verify", "--json"], { COUNTINGHOUSE_STORE: target.url });
  await verifying.saying('"reading entries"');
  verifying.interrupt();
  const ended = await verifying.ended;
  expect(ended).toMatchObject({ code: 130, stdout: "" });
  expect(ended.stderr).toContain("countinghouse: Interrupted. Nothing is said of the ledger.\n");
  await expect.poll(() => sessions(target)).toBe(0);
  await letGo();
  const { code } = await runCommand(["store", "verify"], { COUNTINGHOUSE_STORE: target.url });
  expect(code).toBe(0);
});

test("migrate: the step that was under way is undone", async () => {
  const target = await newTarget();
  // The first step waits for whoever makes the same schema.
  const letGo = await held(target, "CREATE SCHEMA countinghouse");
  const migrating = startCommand(["store", "migrate", "--json"], { COUNTINGHOUSE_STORE: target.url });
  await migrating.saying('"migrating the schema"');
  migrating.interrupt();
  const ended = await migrating.ended;
  expect(ended).toMatchObject({ code: 130, stdout: "" });
  expect(ended.stderr).toContain(
    "The step that was under way was undone, and steps before it are whole: migrate again.\n",
  );
  await expect.poll(() => sessions(target)).toBe(0);
  await letGo();
  expect(await target.query("SELECT to_regnamespace('countinghouse') IS NULL AS none")).toEqual([{ none: true }]);
  expect(await runCommand(["store", "migrate"], { COUNTINGHOUSE_STORE: target.url })).toMatchObject({ code: 0 });
});
