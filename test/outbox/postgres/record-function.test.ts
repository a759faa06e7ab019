/** `usage_outbox.record`: from any language, with any type, in the seller's own transaction. Bad data never throws. */
import * as fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished } from "vitest";
import type { PoolClient } from "pg";
import { judgeReading, type GivenReading } from "../../../packages/outbox/src/domain/reading.ts";
import { METERS, NOW, given, hourOfTenant } from "../../../packages/outbox/testing/contract/store-under-test.ts";
import {
  outboxesInPostgres,
  type OutboxInPostgres,
  type OutboxesInPostgres,
} from "../../../packages/outbox/testing/postgres-outboxes.ts";
import { testOfPostgres } from "../../support/postgres/database.ts";
import { readings } from "./readings.ts";

const test = testOfPostgres();
let outboxes: OutboxesInPostgres;
let outbox: OutboxInPostgres;
beforeAll(async () => {
  outboxes = await outboxesInPostgres();
});
afterAll(() => outboxes.remove());
beforeEach(async () => {
  outbox = await outboxes.make();
  onTestFinished(() => outbox.remove());
});

/** What `SELECT record(…)` answers; the arguments as SQL. */
async function answerOf(args: string, values: readonly unknown[] = []): Promise<unknown> {
  const { rows } = await outbox.pool.query<{ answer: string }>(`SELECT ${outbox.schema}.record(${args}) AS answer`, [
    ...values,
  ]);
  return rows[0]?.answer;
}

async function kept(): Promise<readonly string[]> {
  const { rows } = await outbox.pool.query<{ line: string }>(
    `SELECT reading_id || ' ' || quantity || ' ' || at_ms || ' ' || tags AS line FROM ${outbox.schema}.reading ORDER BY 1`,
  );
  return rows.map(({ line }) => line);
}

describe("every type that a driver may send", () => {
  test.each([
    ["texts", `'r','t-1','gb','1.50','2026-11-29T10:15:00Z','{"team":"blue"}'`],
    [
      "numbers, times and JSON",
      `'r','t-1','gb',1.50,timestamptz '2026-11-29T11:15:00+01:00','{"team": "blue"}'::jsonb`,
    ],
    ["a text for the number only", `'r','t-1','gb','1.5',timestamptz '2026-11-29T10:15:00Z','{"team":"blue"}'::jsonb`],
    ["a text for the time only", `'r','t-1','gb',1.5,'2026-11-29T10:15:00Z','{"team":"blue"}'`],
  ])("%s", async (_name, args) => {
    expect(await answerOf(args)).toBe("recorded");
    expect(await answerOf(args)).toBe("known");
    expect(await kept()).toEqual([`r 1.5 ${Date.parse("2026-11-29T10:15:00Z")} [["team","blue"]]`]);
  });

  test("tags may be left out, and parameters named", async () => {
    expect(await answerOf("'r','t-1','gb',12,now()")).toBe("recorded");
    const named =
      "at => now(), quantity => 9007199254740993::bigint, meter => 'gb', tenant => 't-1', reading_id => 's'";
    expect(await answerOf(named)).toBe("recorded");
    expect((await kept())[1]).toMatch(/^s 9007199254740993 /);
  });

  test.each([
    ["double precision", "'r','t-1','gb',0.1::float8,now()", "r 0.1"],
    ["double precision, very small", "'r','t-1','gb',1e-7::float8,'2026-11-29T10:15:00Z'", "r 0.0000001"],
    ["double precision, all its digits", "'r','t-1','gb',0.1::float8 + 0.2::float8,now()", "r 0.30000000000000004"],
    ["real", "'r','t-1','gb',0.1::real,now(),'{}'::jsonb", "r 0.1"],
    ["integer", "'r','t-1','gb',3::integer,now(),'{}'", "r 3"],
    ["smallint", "'r','t-1','gb',3::smallint,'2026-11-29T10:15:00Z'", "r 3"],
    ["bigint", "'r','t-1','gb',9007199254740993::bigint,now()", "r 9007199254740993"],
    ["varchar", "'r'::varchar,'t-1'::varchar,'gb'::varchar,'3'::varchar,'2026-11-29T10:15:00Z'::varchar", "r 3"],
    [
      "a UUID as id",
      "'00000000-0000-4000-8000-000000000001'::uuid,'t-1','gb',1,now()",
      "00000000-0000-4000-8000-000000000001 1",
    ],
    ["a UUID as tenant", "'r','00000000-0000-4000-8000-000000000001'::uuid,'gb',0.5::float8,now()", "r 0.5"],
    ["whole numbers as ids", "7::integer,8::bigint,'gb','1.5',now(),'{}'", "7 1.5"],
    ["tags as a text beside numbers", "'r','t-1','gb',1.5,now(),'{}'::text", "r 1.5"],
  ])("%s is recorded exactly", async (_name, args, line) => {
    expect(await answerOf(args)).toBe("recorded");
    expect((await kept())[0]).toMatch(new RegExp(`^${line.replaceAll(".", "\\.")} `));
  });

  test("a number is the same whatever the session does with its digits", async () => {
    await transaction(async (client) => {
      await client.query("BEGIN");
      await client.query("SET LOCAL extra_float_digits = -5");
      await client.query("SET LOCAL datestyle = 'SQL, DMY'");
      await client.query("SET LOCAL timezone = 'Asia/Kolkata'");
      const args = "'r', 't-1', 'gb', 0.30000000000000004::float8, timestamptz '2026-11-29T10:15:00Z'";
      await client.query(`SELECT ${outbox.schema}.record(${args})`);
      await client.query("COMMIT");
    });
    expect(await kept()).toEqual([`r 0.30000000000000004 ${Date.parse("2026-11-29T10:15:00Z")} []`]);
  });

  test("arrays of texts, in the order given", async () => {
    const columns = ["a", "b", "c"].map((id) => [
      id,
      "t-1",
      "gb",
      id === "b" ? "NaN" : "1",
      "2026-11-29T10:15:00Z",
      null,
    ]);
    const { rows } = await outbox.pool.query(
      `SELECT reading_id, answer, reason FROM ${outbox.schema}.record($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[])`,
      [0, 1, 2, 3, 4, 5].map((at) => columns.map((row) => row[at])),
    );
    expect(rows).toEqual([
      { reading_id: "a", answer: "recorded", reason: null },
      { reading_id: "b", answer: "set-aside", reason: "bad-quantity" },
      { reading_id: "c", answer: "recorded", reason: null },
    ]);
  });

  test.each([
    ["not a number", "'r','t-1','gb','NaN'::numeric,now()"],
    ["infinite", "'r','t-1','gb','-Infinity'::numeric,now()"],
    ["10^30", "'r','t-1','gb',1e30,now()"],
    ["nothing", "'r','t-1','gb',NULL::numeric,now()"],
    ["no id", "NULL,'t-1','gb',1,now()"],
    ["no time", "'r','t-1','gb',1,NULL::timestamptz"],
    ["the end of time", "'r','t-1','gb',1,timestamptz 'infinity'"],
    ["before Christ", "'r','t-1','gb',1,timestamptz '2026-11-29 10:00:00+00 BC'"],
    ["a time without a zone", "'r','t-1','gb',1,timestamp '2026-11-29 10:00:00'"],
    ["a text of a time without a zone", "'r','t-1','gb',1,'2026-11-29T10:00:00'"],
    ["a time without a zone beside a text", "'r','t-1','gb','1'::text,timestamp '2026-11-29 10:00:00'"],
    ["a day", "'r','t-1','gb',1,date '2026-11-29'"],
    ["no number of a float", "'r','t-1','gb','NaN'::float8,now()"],
    ["an infinite float", "'r','t-1','gb','-Infinity'::float8,now()"],
    ["a float that is too large", "'r','t-1','gb',1e300::float8,now()"],
    ["a float that is too small", "'r','t-1','gb',1e-300::float8,now()"],
    ["nothing, without a type", "'r','t-1','gb',NULL,now()"],
    ["nothing, beside a UUID", "'00000000-0000-4000-8000-000000000001'::uuid,'t-1','gb',NULL,now()"],
    ["nothing at all", "NULL,NULL,NULL,NULL,NULL"],
    ["a text that is no number, beside a time", "'r','t-1','gb','many',now()"],
    ["a text that is no time, beside a number", "'r','t-1','gb',1,'soon'"],
    ["seconds for a time", "'r','t-1','gb',1,1764411300"],
    ["a text that is no JSON, beside a number and a time", "'r','t-1','gb',1,now(),'{bad'"],
    ["yes or no", "'r','t-1','gb',true,now()"],
    ["tags that are no object", "'r','t-1','gb',1,now(),'[1]'::jsonb"],
    ["tags with a zero character", `'r','t-1','gb','1','2026-11-29T10:15:00Z','{"a":"\\u0000"}'`],
  ])("%s is set aside, and throws nothing", async (_name, args) => {
    expect(await answerOf(args)).toBe("set-aside");
    expect(await kept()).toEqual([]);
    expect(await outbox.store.setAside({ limit: 9 })).toHaveLength(1);
  });

  test("what PostgreSQL's texts cannot hold is set aside, not refused", async () => {
    const bad = ["zero\u0000", "half of a pair \ud83d"].map((readingId) => given({ readingId }));
    expect(await outbox.store.record(bad, NOW)).toMatchObject([
      { reason: "bad-reading-id" },
      { reason: "bad-reading-id" },
    ]);
    expect(await outbox.store.record([given({ tags: '{"a":"\u0000"}' })], NOW)).toMatchObject([{ reason: "bad-tags" }]);
    expect(await outbox.store.record([given({ readingId: "pair 😀" })], NOW)).toMatchObject([{ answer: "recorded" }]);
  });
});

test("judges as `judgeReading` does, and keeps what it keeps", async () => {
  const facts = {
    isMeter: (meter: string) => METERS.some((one) => one.name === meter),
    serviceMs: undefined,
    dedupeDays: 35,
  };
  const seen = { recorded: 0, aside: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(readings, { minLength: 50, maxLength: 50 }), async (many: readonly GivenReading[]) => {
      const answers = await outbox.store.record(many, NOW);
      const { rows } = await outbox.pool.query<{ id: string; quantity: string; at_ms: string; tags: string }>(
        `SELECT reading_id AS id, quantity::text, at_ms, tags FROM ${outbox.schema}.reading`,
      );
      const byId = new Map(rows.map((row) => [row.id, row]));
      for (const [place, one] of many.entries()) {
        const judged = judgeReading(one, facts);
        const answer = answers[place];
        if ("reason" in judged) {
          seen.aside += 1;
          expect([one, answer]).toMatchObject([one, { answer: "set-aside", reason: judged.reason }]);
        } else {
          seen.recorded += 1;
          expect([one, answer]).toEqual([one, { readingId: one.readingId, answer: "recorded" }]);
          const row = byId.get(one.readingId);
          expect([one, row?.quantity, Number(row?.at_ms), row?.tags]).toEqual([
            one,
            judged.quantity,
            judged.atMs,
            judged.tags,
          ]);
        }
      }
    }),
    { numRuns: 25 },
  );
  expect(Math.min(seen.recorded, seen.aside)).toBeGreaterThan(100);
});

async function transaction(work: (client: PoolClient) => Promise<void>): Promise<void> {
  const client = await outbox.pool.connect();
  try {
    await work(client);
  } finally {
    await client.query("ROLLBACK");
    client.release();
  }
}
const waiting = async (): Promise<number> =>
  (await outbox.store.readingsOf({ ...hourOfTenant(), limit: 100 })).filter(({ entryId }) => entryId === undefined)
    .length;

describe("in the seller's own transaction", () => {
  test("O1: a rollback leaves nothing, not even of what was set aside; a commit keeps both", async () => {
    await outbox.pool.query(`CREATE TABLE IF NOT EXISTS public.sold_${outbox.schema} (id text)`);
    await transaction(async (client) => {
      for (const end of ["ROLLBACK", "COMMIT"]) {
        await client.query("BEGIN");
        await client.query(`INSERT INTO public.sold_${outbox.schema} VALUES ($1)`, [end]);
        const answers = await outbox.store.within(client, [given(), given({ quantity: "many" })]);
        expect(answers.map(({ answer }) => answer)).toEqual(["recorded", "set-aside"]);
        await client.query(end);
        const count = end === "COMMIT" ? 1 : 0;
        expect(await waiting()).toBe(count);
        expect(await outbox.store.setAside({ limit: 9 })).toHaveLength(count);
      }
    });
    const { rows } = await outbox.pool.query(`SELECT id FROM public.sold_${outbox.schema}`);
    expect(rows).toEqual([{ id: "COMMIT" }]);
  });

  test("O1: a savepoint takes back what came after it, and nothing before", async () => {
    await transaction(async (client) => {
      await client.query("BEGIN");
      await outbox.store.within(client, [given()]);
      await client.query("SAVEPOINT here");
      await outbox.store.within(client, [given(), given({ tenant: "" })]);
      await client.query("ROLLBACK TO SAVEPOINT here");
      await client.query("COMMIT");
    });
    expect(await waiting()).toBe(1);
    expect(await outbox.store.setAside({ limit: 9 })).toEqual([]);
  });

  test("bad data of two transactions at once, in opposite order, holds up neither", async () => {
    const [one, other] = [given({ quantity: "x" }), given({ meter: "none" })];
    await transaction(async (first) => {
      await transaction(async (second) => {
        for (const client of [first, second]) await client.query("BEGIN");
        await outbox.store.within(first, [one]);
        await outbox.store.within(second, [other]);
        await outbox.store.within(first, [other]);
        await outbox.store.within(second, [one]);
        for (const client of [first, second]) await client.query("COMMIT");
      });
    });
    expect(await outbox.store.alarms({})).toMatchObject([
      { subject: "bad-quantity", count: 1 },
      { subject: "unknown-meter", count: 1 },
    ]);
    expect(await outbox.store.setAside({ limit: 9 })).toHaveLength(2);
  });

  test("the same bad data of two transactions is kept and told once, also where the first to begin is the last to commit", async () => {
    const bad = given({ quantity: "x" });
    await transaction(async (first) => {
      await transaction(async (second) => {
        for (const client of [first, second]) {
          await client.query("BEGIN");
          await outbox.store.within(client, [bad]);
        }
        await second.query("COMMIT");
        expect(await outbox.store.alarms({})).toMatchObject([{ count: 1 }]);
        await first.query("COMMIT");
      });
    });
    expect(await outbox.store.alarms({})).toMatchObject([{ count: 1 }]);
    expect(await outbox.store.setAside({ limit: 9 })).toHaveLength(1);
  });

  test("transactions of one customer's hour do not wait for one another", async () => {
    await transaction(async (first) => {
      await transaction(async (second) => {
        for (const client of [first, second]) {
          await client.query("BEGIN");
          await client.query("SET LOCAL lock_timeout = '1ms'");
          await outbox.store.within(client, [given(), given()]);
        }
        for (const client of [first, second]) await client.query("COMMIT");
      });
    });
    expect(await waiting()).toBe(4);
  });

  test("the same id at the same time: the second waits for the first, and knows it, or takes its place", async () => {
    for (const [end, answer] of [
      ["COMMIT", "known"],
      ["ROLLBACK", "recorded"],
    ] as const) {
      const reading = given();
      await transaction(async (client) => {
        await client.query("BEGIN");
        await outbox.store.within(client, [reading]);
        const second = outbox.store.record([reading], NOW);
        await new Promise((resume) => setTimeout(resume, 50));
        await client.query(end);
        expect(await second).toMatchObject([{ answer }]);
      });
    }
  });

  test("a serialisation failure is the seller's to try again, and then it is recorded once", async () => {
    const reading = given();
    await transaction(async (client) => {
      await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      await client.query("SELECT 1");
      await outbox.store.record([reading], NOW);
      await expect(outbox.store.within(client, [reading])).rejects.toMatchObject({ code: "40001" });
      await client.query("ROLLBACK");
      await client.query("BEGIN ISOLATION LEVEL SERIALIZABLE");
      expect(await outbox.store.within(client, [reading])).toMatchObject([{ answer: "known" }]);
      await client.query("COMMIT");
    });
    expect(await waiting()).toBe(1);
  });

  test("a deadlock of transactions with the same ids in another order is the seller's to try again; all count once", async () => {
    const [one, other] = [given(), given()];
    await transaction(async (first) => {
      await transaction(async (second) => {
        for (const client of [first, second]) await client.query("BEGIN");
        await outbox.store.within(first, [one]);
        await outbox.store.within(second, [other]);
        const ends = await Promise.allSettled([
          outbox.store.within(first, [other]),
          outbox.store.within(second, [one]),
        ]);
        expect(ends.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
        const [lost, won] = ends[0]?.status === "rejected" ? [first, second] : [second, first];
        expect(ends.find(({ status }) => status === "rejected")).toMatchObject({ reason: { code: "40P01" } });
        await won.query("COMMIT");
        await lost.query("ROLLBACK");
        await lost.query("BEGIN");
        expect(await outbox.store.within(lost, [other, one])).toMatchObject([{ answer: "known" }, { answer: "known" }]);
        await lost.query("COMMIT");
      });
    });
    expect(await waiting()).toBe(2);
  });

  test("a transaction that commits after its hour was closed is late, and not lost", async () => {
    await transaction(async (client) => {
      await client.query("BEGIN");
      await outbox.store.within(client, [given()]);
      expect(await outbox.store.waiting({ beforeMs: NOW, limit: 9 })).toEqual([]);
      await client.query("COMMIT");
      expect(await outbox.store.waiting({ beforeMs: NOW, limit: 9 })).toHaveLength(1);
    });
  });
});
