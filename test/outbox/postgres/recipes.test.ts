/** The recipes of examples/outbox, and the whole way from a reading to a record, through a pooler, too. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { drizzle } from "drizzle-orm/node-postgres";
import { Kysely, PostgresDialect } from "kysely";
import { Pool } from "pg";
import { describe, expect, onTestFinished } from "vitest";
import { openOutbox, type Outbox } from "@countinghouse/outbox";
import { postgresStore } from "@countinghouse/outbox/postgres";
import { sell as sellWithDrizzle } from "../../../examples/outbox/drizzle.ts";
import { sell as sellWithKysely } from "../../../examples/outbox/kysely.ts";
import { sell as sellWithPg } from "../../../examples/outbox/plain-pg.ts";
import { clientOf } from "../../support/client.ts";
import { marketOfTest } from "../../support/demo-market.ts";
import { FIRST, METERS, moveTo, recordsOf } from "../../support/outbox.ts";
import { newPostgresStore, poolAt } from "../../support/outbox-store.ts";
import { pgbouncerBefore, whyNoPgbouncer } from "../../support/postgres/pgbouncer.ts";
import { testOfPostgres } from "../../support/postgres/database.ts";

const test = testOfPostgres();

interface Opened {
  readonly url: string;
  readonly pool: Pool;
  readonly outbox: Outbox;
}

async function opened(): Promise<Opened> {
  const url = await newPostgresStore();
  const pool = poolAt(url);
  const outbox = await openOutbox({ name: "recipes", store: postgresStore({ pool }), meters: METERS });
  await pool.query("CREATE TABLE sale (id text PRIMARY KEY)");
  return { url, pool, outbox };
}

const keptIds = async ({ pool }: Opened): Promise<readonly string[]> =>
  (await pool.query<{ id: string }>("SELECT reading_id AS id FROM usage_outbox.reading ORDER BY 1")).rows.map(
    ({ id }) => id,
  );

const example = (name: string): string => fileURLToPath(new URL(`../../../examples/outbox/${name}`, import.meta.url));

describe("the recipe", () => {
  test("of plain pg keeps sale and reading together, or neither", async () => {
    const place = await opened();
    expect(await sellWithPg(place.pool, place.outbox, "1")).toMatchObject([{ readingId: "pg-1", answer: "recorded" }]);
    await expect(sellWithPg(place.pool, place.outbox, "1")).rejects.toMatchObject({ code: "23505" });
    await sellWithPg(place.pool, place.outbox, "2");
    expect(await keptIds(place)).toEqual(["pg-1", "pg-2"]);
  });

  test("of Kysely does the same, by a statement", async () => {
    const place = await opened();
    const db = new Kysely<{ sale: { id: string } }>({ dialect: new PostgresDialect({ pool: place.pool }) });
    expect(await sellWithKysely(db, place.outbox, "1")).toMatchObject([{ reading_id: "kysely-1", answer: "recorded" }]);
    await expect(sellWithKysely(db, place.outbox, "1")).rejects.toMatchObject({ code: "23505" });
    expect(await keptIds(place)).toEqual(["kysely-1"]);
    const many = place.outbox.statementFor(
      ["a", "b"].map((readingId) => ({ readingId, tenant: "t-1", meter: "gb", quantity: 1, at: new Date() })),
    );
    expect((await place.pool.query(many.text, [...many.values])).rows).toMatchObject([
      { reading_id: "a" },
      { reading_id: "b" },
    ]);
  });

  test("of Drizzle does the same, by a statement whose values stay apart from its text", async () => {
    const place = await opened();
    const db = drizzle(place.pool);
    const id = "1'); DROP TABLE sale; --$2";
    expect(await sellWithDrizzle(db, place.outbox, id)).toMatchObject([
      { reading_id: `drizzle-${id}`, answer: "recorded" },
    ]);
    await expect(sellWithDrizzle(db, place.outbox, id)).rejects.toMatchObject({ cause: { code: "23505" } });
    await sellWithDrizzle(db, place.outbox, "2");
    expect(await keptIds(place)).toEqual([`drizzle-${id}`, "drizzle-2"]);
  });

  const psql = "/usr/bin/psql";
  const python = "/usr/bin/python3";
  const lacks = (reason: string) => {
    process.stdout.write(`skipped: test/outbox/postgres/recipes.test.ts: ${reason}\n`);
    return test.skip;
  };
  const hasPsycopg = (): boolean => {
    try {
      execFileSync(python, ["-c", "import psycopg"], { stdio: "ignore" });
      return true;
    } catch {
      return false;
    }
  };

  (existsSync(psql) ? test : lacks(`no psql: ${psql} is not there`))("of psql", async () => {
    const place = await opened();
    const said = execFileSync(psql, ["-qtAX", "-v", "ON_ERROR_STOP=1", "-d", place.url, "-f", example("record.sql")], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect(said.toString().trim().split("\n")).toEqual(["recorded", "known", "conflicting"]);
    expect(await keptIds(place)).toEqual(["sql-1"]);
  });

  (hasPsycopg() ? test : lacks(`no psycopg 3 for ${python}`))("of Python", async () => {
    const place = await opened();
    const said = execFileSync(python, [example("record.py"), place.url], { stdio: ["ignore", "pipe", "pipe"] });
    expect(said.toString().trim().split("\n")).toEqual([
      "recorded",
      "py-2 recorded ",
      "py-3 recorded ",
      "py-4 set-aside bad-quantity",
    ]);
    expect(await keptIds(place)).toEqual(["py-1", "py-2", "py-3"]);
  });
});

const reading = (id: number) => ({
  readingId: `r-${id}`,
  tenant: "t-1",
  meter: "queries",
  quantity: 1,
  at: new Date("2026-11-10T10:10:00Z"),
  tags: { team: id % 2 === 0 ? "blue" : "red" },
});

async function deliver(url: string): Promise<void> {
  const server = await marketOfTest({ now: "2026-11-10T10:50:00Z", rules: "current" });
  const pool = new Pool({ connectionString: url, max: 5 });
  pool.on("error", () => undefined);
  onTestFinished(() => pool.end());
  const outboxes = await Promise.all(
    [1, 2, 3].map(() =>
      openOutbox({
        name: "whole-way",
        store: postgresStore({ pool }),
        client: clientOf(server.endpoint),
        meters: METERS,
        requestsPerSecond: 50_000,
      }),
    ),
  );
  const [outbox] = outboxes as [Outbox];
  await outbox.bind({ tenant: "t-1", ...FIRST, from: new Date("2026-11-10T00:00:00Z") });
  await Promise.all(Array.from({ length: 40 }, (_, id) => (outboxes[id % 3] as Outbox).record(reading(id))));
  const client = await pool.connect();
  await client.query("BEGIN");
  await outbox.within(client).record(Array.from({ length: 10 }, (_, id) => reading(100 + id)));
  await client.query("COMMIT");
  client.release();
  await moveTo(server, "2026-11-10T18:10:00Z");
  await Promise.all(outboxes.map((one) => one.deliverDue()));
  expect(await recordsOf(server)).toMatchObject([{ quantity: 50 }]);
  expect(await outbox.verify()).toMatchObject({ ok: true, entries: 1 });
  expect(await outbox.status()).toMatchObject({ waitingReadings: 0, entries: [{ state: "delivered", units: 50 }] });
  expect(await outbox.forget("t-1")).toBe(50);
  const { rows } = await pool.query(
    "SELECT count(*)::int AS n FROM usage_outbox.reading WHERE tenant = 't-1' OR tags <> '[]'",
  );
  expect(rows).toEqual([{ n: 0 }]);
  expect(await outbox.verify()).toMatchObject({ ok: true });
}

describe("from a reading to a record", () => {
  test("O6: by three senders at once", async () => deliver(await newPostgresStore()));

  const reason = whyNoPgbouncer();
  if (reason !== undefined)
    process.stdout.write(`skipped: test/outbox/postgres/recipes.test.ts: no pgbouncer: ${reason}\n`);
  (reason === undefined ? test : test.skip)(
    "through pgbouncer in transaction mode, with fewer connections than senders",
    async () => {
      const pooler = await pgbouncerBefore(await newPostgresStore());
      onTestFinished(() => pooler.stop());
      await deliver(pooler.url);
    },
  );
});
