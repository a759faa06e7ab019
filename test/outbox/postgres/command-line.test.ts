/** The command line over PostgreSQL, as a process. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Pool } from "pg";
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres } from "../../support/postgres/database.ts";
import { NODE_FLAGS } from "../../support/server.ts";

const test = testOfPostgres();
const MAIN = fileURLToPath(new URL("../../../packages/outbox/src/main.ts", import.meta.url));

const said = (pattern: RegExp): string => expect.stringMatching(pattern) as string;

test("a store is made, migrated, recorded into by SQL, looked at and forgotten; its SQL is printed; no password is (O16)", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const pool = new Pool({ connectionString: database.url });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  const run = (...args: readonly string[]) => {
    const env = { ...process.env, OUTBOX_STORE: database.url };
    const { status, stdout, stderr } = spawnSync(process.execPath, [...NODE_FLAGS, MAIN, ...args], {
      env,
      encoding: "utf8",
    });
    return { status, stdout, stderr };
  };

  expect(run("status")).toMatchObject({ status: 2, stderr: said(/init/) });
  const init = ["init", "--name", "acme", "--meter", "gb=0abc/gb_ingested/1000"];
  expect(run(...init)).toMatchObject({ status: 0, stderr: "", stdout: said(/acme is ready/) });
  expect(run("init", "--name", "other")).toMatchObject({ status: 2, stderr: said(/another store/) });
  expect(run("migrate")).toMatchObject({ status: 0, stdout: said(/of this version/) });
  const { rows } = await pool.query("SELECT usage_outbox.record('1', 't-1', 'gb', 5, now()) AS answer");
  expect(rows).toEqual([{ answer: "recorded" }]);
  expect(run("status")).toMatchObject({ status: 0, stdout: said(/waiting: 1 readings/) });
  expect(run("forget", "t-1")).toMatchObject({ status: 1, stderr: said(/have not ended/) });
  expect(run("forget", "t-2")).toMatchObject({ status: 0 });

  const printed = run("migrate", "--print", "--schema", "printed", "--application-role", "app");
  expect(printed).toMatchObject({
    status: 0,
    stderr: "",
    stdout: said(/CREATE SCHEMA "printed"[^]*GRANT USAGE ON SCHEMA "printed" TO "app"/),
  });
  await pool.query("CREATE ROLE app");
  onTestFinished(async () => {
    await pool.query("DROP OWNED BY app; DROP ROLE app");
  });
  await pool.query(printed.stdout);
  expect(run("init", "--name", "second", "--schema", "printed")).toMatchObject({ status: 0 });
  expect(run("status", "--schema", "no-name")).toMatchObject({ status: 2, stderr: said(/no name/) });
  const gone = "postgres://u:secret-word@127.0.0.1:1/d";
  const unreachable = run("status", "--store", gone);
  expect(unreachable).toMatchObject({ status: 3, stderr: said(/cannot be reached/) });
  expect(unreachable.stderr).not.toContain("secret-word");
});
