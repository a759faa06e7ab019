/** Making the schema, its roles, its versions; and what is told when the database is not as it should be. */
import { appendFileSync, chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished } from "vitest";
import { Pool } from "pg";
import { migratePostgres, migrationSql, postgresStore } from "@countinghouse/outbox/postgres";
import { SCHEMA_VERSION } from "../../../packages/outbox/src/stores/postgres/schema/steps.ts";
import { METERS, NOW, given, hourOfTenant } from "../../../packages/outbox/testing/contract/store-under-test.ts";
import { outboxesInPostgres, type OutboxesInPostgres } from "../../../packages/outbox/testing/postgres-outboxes.ts";
import { CuttingProxy } from "../../support/postgres/cutting-proxy.ts";
import { newDatabase, testOfPostgres } from "../../support/postgres/database.ts";
import { PostgresServer } from "../../support/postgres/postgres-server.ts";

const test = testOfPostgres();
let outboxes: OutboxesInPostgres;
beforeAll(async () => {
  outboxes = await outboxesInPostgres();
});
afterAll(() => outboxes.remove());

describe("migrations", () => {
  test("are taken once, by however many programs meet; the printed SQL makes the same schema", async () => {
    const pool = outboxes.pool();
    for (const schema of ["apart", "at_once", "again", "together"]) {
      const before = await Promise.all([1, 2, 3, 4].map(() => migratePostgres(pool, { schema })));
      expect(before.filter((version) => version === 0).length).toBeGreaterThan(0);
    }
    await pool.query(migrationSql({ schema: "printed" }));
    const shape = async (schema: string): Promise<unknown> => {
      const { rows } = await pool.query(
        `SELECT table_name, column_name, data_type, is_nullable FROM information_schema.columns WHERE table_schema = $1
         UNION ALL SELECT p.proname, pg_get_function_arguments(p.oid), p.prosecdef::text, p.proconfig::text FROM pg_proc p
           WHERE pronamespace = $1::regnamespace ORDER BY 1, 2`,
        [schema],
      );
      return rows;
    };
    expect(await shape("printed")).toEqual(await shape("together"));
    expect(migrationSql({ schema: "printed" }, SCHEMA_VERSION)).toBe("");
  });

  test("a program refuses a schema that is not there, is older, or shuts it out; and says what to do", async () => {
    const pool = outboxes.pool();
    const open = (schema: string) => postgresStore({ pool, schema }).open("x", NOW);
    await expect(open("nowhere")).rejects.toMatchObject({
      code: "schema",
      message: expect.stringContaining("init") as string,
    });
    await migratePostgres(pool, { schema: "versions" });
    await pool.query("UPDATE versions.schema_version SET version = 0");
    await expect(open("versions")).rejects.toMatchObject({
      code: "schema",
      message: expect.stringContaining("migrate") as string,
    });
    // One version on, which still works with this program; and then no longer.
    await pool.query("UPDATE versions.schema_version SET version = $1, oldest_program = $2", [
      SCHEMA_VERSION + 1,
      SCHEMA_VERSION,
    ]);
    await expect(open("versions")).resolves.toMatchObject({ name: "x" });
    await pool.query("UPDATE versions.schema_version SET version = $1, oldest_program = $1", [SCHEMA_VERSION + 1]);
    await expect(open("versions")).rejects.toMatchObject({
      code: "schema",
      message: expect.stringContaining("newer") as string,
    });
    await expect(migratePostgres(pool, { schema: "versions" })).rejects.toMatchObject({ code: "schema" });
    expect(() => postgresStore({ pool, schema: 'x"; DROP' })).toThrow(TypeError);
  });
});

describe("roles", () => {
  test("an application may record, and nothing else; a worker has rows, and no tables", async () => {
    const owner = outboxes.pool();
    // As single sign-on names them; and a schema that a lazy program would find in small letters only.
    const names = { application: "outbox-app@acme.iam", worker: "outbox@.worker" };
    for (const name of Object.values(names)) {
      await owner.query(`DROP ROLE IF EXISTS "${name}"`);
      await owner.query(`CREATE ROLE "${name}" LOGIN`);
    }
    onTestFinished(async () => {
      for (const name of Object.values(names)) await owner.query(`DROP OWNED BY "${name}"; DROP ROLE "${name}"`);
    });
    const roles = { schema: "Roles", applications: [names.application], workers: [names.worker] };
    await migratePostgres(owner, roles);
    await migratePostgres(owner, roles);
    const poolOf = (user: string): Pool => {
      const url = new URL(outboxes.url);
      url.username = user;
      return outboxes.pool({ connectionString: url.toString() });
    };
    const [application, worker] = [poolOf(names.application), poolOf(names.worker)];
    const workers = postgresStore({ pool: worker, schema: "Roles" });
    await workers.open("roles", NOW);
    await workers.transact((transaction) => transaction.addMeters(METERS));

    const applications = postgresStore({ pool: application, schema: "Roles" });
    await applications.open("roles", NOW);
    expect(await applications.record([given(), given({ quantity: "x" })], NOW)).toMatchObject([
      { answer: "recorded" },
      { answer: "set-aside" },
    ]);
    const { rows } = await application.query(`SELECT "Roles".record('a','t-1','gb',1,now()) AS answer`);
    expect(rows).toEqual([{ answer: "recorded" }]);
    for (const sql of [
      `SELECT * FROM "Roles".reading`,
      `DELETE FROM "Roles".reading`,
      `SELECT "Roles".keep('a','t-1','gb','1','2026-11-29T10:15:00Z',NULL,0)`,
      `UPDATE "Roles".store SET row = ''`,
    ]) {
      await expect(application.query(sql)).rejects.toMatchObject({ code: "42501" });
    }
    await expect(applications.summary()).rejects.toMatchObject({
      code: "store",
      message: expect.stringContaining("right") as string,
    });
    expect(await workers.record([given()], NOW)).toMatchObject([{ answer: "recorded" }]);
    expect(await workers.summary()).toMatchObject({ waitingReadings: 3 });
    await workers.transact((transaction) => transaction.endReadings([hourOfTenant()], "late", 5));
    await expect(worker.query('CREATE TABLE "Roles".mine (x int)')).rejects.toMatchObject({ code: "42501" });
    await expect(worker.query('UPDATE "Roles".schema_version SET version = 9')).rejects.toMatchObject({
      code: "42501",
    });
  });

  test("an application of an older schema may record all that the newer one takes, and its own casts get no rights by it", async () => {
    const owner = outboxes.pool();
    const role = "outbox app of before";
    await owner.query(`DROP ROLE IF EXISTS "${role}"`);
    await owner.query(`CREATE ROLE "${role}" LOGIN`);
    onTestFinished(async () => {
      await owner.query(`DROP OWNED BY "${role}" CASCADE; DROP ROLE "${role}"`);
    });
    const [first = ""] = migrationSql({ schema: "Before" }).split("-- Step 2");
    await owner.query(first);
    await owner.query(`GRANT USAGE ON SCHEMA "Before" TO "${role}";
      GRANT EXECUTE ON FUNCTION "Before".record(text, text, text, text, text, text) TO "${role}";
      GRANT CREATE ON SCHEMA public TO "${role}"`);
    await migratePostgres(owner, { schema: "Before" });
    const store = postgresStore({ pool: owner, schema: "Before" });
    await store.open("before", NOW);
    await store.transact((transaction) => transaction.addMeters(METERS));
    const url = new URL(outboxes.url);
    url.username = encodeURIComponent(role);
    const application = outboxes.pool({ connectionString: url.toString() });
    await application.query(`CREATE TYPE public.sly AS (said text);
      CREATE FUNCTION public.told(sly) RETURNS text LANGUAGE sql AS 'SELECT current_user::text';
      CREATE CAST (public.sly AS text) WITH FUNCTION public.told(sly)`);
    const record = async (args: string): Promise<unknown> =>
      (await application.query<{ answer: unknown }>(`SELECT "Before".record(${args}) AS answer`)).rows[0]?.answer;
    expect(await record("'a','t-1','gb',0.5::float8,now()")).toBe("recorded");
    expect(await record("'b','t-1','gb',ROW('1')::public.sly,now()")).toBe("set-aside");
    expect(await store.setAside({ limit: 9 })).toMatchObject([{ given: { quantity: role } }]);
  });

  test("nothing that a caller has in his search path, or in temporary tables, is taken for ours", async () => {
    const { pool, schema, remove } = await outboxes.make();
    onTestFinished(remove);
    const client = await pool.connect();
    onTestFinished(() => client.release(true));
    await client.query(`CREATE SCHEMA evil_${schema};
      CREATE FUNCTION evil_${schema}.trim_scale(numeric) RETURNS numeric LANGUAGE sql AS 'SELECT 1000000::numeric';
      CREATE FUNCTION evil_${schema}.is_name(text) RETURNS boolean LANGUAGE sql AS 'SELECT true';
      CREATE TEMP TABLE reading (x int); CREATE TEMP TABLE store (x int); CREATE DOMAIN pg_temp.numeric AS text;
      SET search_path = pg_temp, evil_${schema}, ${schema}, pg_catalog`);
    const { rows } = await client.query(`SELECT ${schema}.record('r','t-1','gb','1.50','2026-11-29T10:15:00Z')`);
    expect(rows).toEqual([{ record: "recorded" }]);
    const kept = await pool.query(`SELECT quantity::text FROM ${schema}.reading`);
    expect(kept.rows).toEqual([{ quantity: "1.5" }]);
  });
});

describe("trouble", () => {
  test("a database that is gone, or read-only, or cut off at the commit: an error that says so, and never a false yes", async () => {
    const gone = new Pool({ host: "127.0.0.1", port: 1, password: "secret-word" });
    const failing = postgresStore({ pool: gone }).record([given()], NOW);
    await expect(failing).rejects.toMatchObject({
      code: "store",
      message: expect.not.stringContaining("secret-word") as string,
    });

    const { pool, schema, store } = await outboxes.make();
    const standby = outboxes.pool({ options: "-c default_transaction_read_only=on" });
    await expect(postgresStore({ pool: standby, schema }).record([given()], NOW)).rejects.toMatchObject({
      message: expect.stringContaining("primary") as string,
    });

    const { proxy, url } = await CuttingProxy.before(outboxes.url);
    onTestFinished(() => proxy.close());
    const cut = postgresStore({ pool: outboxes.pool({ connectionString: url }), schema });
    for (const where of ["before", "after"] as const) {
      proxy.cutNextCommit(where);
      const failed = cut.transact((transaction) =>
        transaction.raiseAlarms([{ kind: "late", subject: where, message: "m" }], NOW),
      );
      await expect(failed).rejects.toMatchObject({ code: "store" });
    }
    // Who was cut off after it cannot know that it was kept.
    await expect.poll(() => store.alarms({})).toMatchObject([{ subject: "after" }]);
    expect(await pool.query("SELECT 1")).toMatchObject({ rowCount: 1 });
  });

  test("what is recorded is flushed, whatever the session's settings say", async () => {
    const { schema } = await outboxes.make();
    const lazy = outboxes.pool({ options: "-c synchronous_commit=off", max: 1 });
    const store = postgresStore({ pool: lazy, schema });
    const client = await lazy.connect();
    await client.query("BEGIN");
    await client.query(`SELECT ${schema}.record('[]'::jsonb, 1)`);
    expect((await client.query("SHOW synchronous_commit")).rows).toEqual([{ synchronous_commit: "on" }]);
    await client.query("COMMIT");
    // In the seller's own transaction it is the seller's to say.
    await client.query("BEGIN");
    await store.within(client, [given()]);
    expect((await client.query("SHOW synchronous_commit")).rows).toEqual([{ synchronous_commit: "off" }]);
    await client.query("COMMIT");
    client.release();
  });

  test("no pool setting and no type parser of the seller's changes what is read", async () => {
    const { store, schema } = await outboxes.make();
    await store.record([given({ quantity: "0.123456789012345678" })], NOW);
    const parsers: Readonly<Record<number, (value: string) => unknown>> = {
      16: (value) => value === "t",
      20: (value) => BigInt(value),
      1700: (value) => Number.parseFloat(value),
    };
    const types = { getTypeParser: (oid: number) => parsers[oid] ?? ((value: string) => value) };
    const other = postgresStore({ pool: outboxes.pool({ types }), schema });
    expect(await other.readingsOf({ ...hourOfTenant(), limit: 1 })).toEqual(
      await store.readingsOf({ ...hourOfTenant(), limit: 1 }),
    );
    expect(await other.summary()).toMatchObject({ waitingReadings: 1 });
    expect(await other.totals()).toMatchObject([{ readings: 1, sum: "0.123456789012345678" }]);
  });
});

test("a fail-over is seen: the timeline is another one", async () => {
  const primary = await PostgresServer.make();
  onTestFinished(() => primary.remove());
  const pool = new Pool({ connectionString: primary.url() });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  await migratePostgres(pool);
  const store = postgresStore({ pool });
  const before = await store.incarnation();
  expect(before).toMatch(/^\d+\/00000001$/);
  expect(await store.incarnation()).toBe(before);
  // As a standby that is promoted does: recovery ends on a new timeline.
  await primary.kill();
  const signal = join(primary.dataFolder, "recovery.signal");
  writeFileSync(signal, "");
  chmodSync(signal, 0o666);
  appendFileSync(join(primary.dataFolder, "postgresql.auto.conf"), "restore_command = 'false'\n");
  await primary.start();
  await expect.poll(() => store.incarnation().catch(() => undefined), { timeout: 20_000 }).toMatch(/\/00000002$/);
});

test("a database whose name is another program's is none", async () => {
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  await database.query("CREATE SCHEMA usage_outbox; CREATE TABLE usage_outbox.reading (id text)");
  const pool = new Pool({ connectionString: database.url });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  await expect(postgresStore({ pool }).open("x", NOW)).rejects.toMatchObject({ code: "schema" });
  await expect(migratePostgres(pool)).rejects.toMatchObject({ message: expect.stringContaining("exists") as string });
});
