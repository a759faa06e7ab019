/** Outboxes that earlier versions kept: this version goes on with them. `test/fixtures/outboxes/` says how they were made. */
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import type { OutboxStore } from "@countinghouse/outbox";
import { migratePostgres, postgresStore } from "@countinghouse/outbox/postgres";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { Pool } from "pg";
import { describe, expect, onTestFinished, test } from "vitest";
import { OldOutbox } from "../fixtures/outboxes/history.ts";
import { said } from "../fixtures/outboxes/said.ts";
import { newDatabase, testOfPostgres } from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";
import { keptOf } from "./model/oracle.ts";
import type { KeptRecord } from "./model/service.ts";

const OUTBOXES = fileURLToPath(new URL("../fixtures/outboxes/", import.meta.url));
/** By the version of the tables that wrote them. */
const VERSIONS = readdirSync(OUTBOXES).filter((name) => name.startsWith("schema-"));

interface Kept {
  readonly atMs: number;
  readonly kept: readonly (readonly [string, KeptRecord])[];
  readonly said: Readonly<Record<string, unknown>>;
}

/** A copy of the store, as this program opens it. */
const STORES: Readonly<Record<string, (version: string) => Promise<OutboxStore>>> = {
  sqlite: (version) => {
    const path = join(newFolder(), "kept.outbox");
    writeFileSync(path, gunzipSync(readFileSync(join(OUTBOXES, version, "sqlite.gz"))));
    return Promise.resolve(sqliteStore(path));
  },
  postgres: async (version) => {
    const database = await newDatabase();
    onTestFinished(() => database.remove());
    await database.query(gunzipSync(readFileSync(join(OUTBOXES, version, "postgres.sql.gz"))).toString());
    const pool = new Pool({ connectionString: database.url });
    // The database goes while connections are there.
    pool.on("error", () => undefined);
    onTestFinished(() => pool.end());
    await migratePostgres(pool);
    return postgresStore({ pool });
  },
};

describe.each(VERSIONS)("an outbox with the tables of %s", (version) => {
  describe.each(Object.keys(STORES))("in %s", (name) => {
    const testHere = name === "postgres" ? testOfPostgres() : test;
    const kept = JSON.parse(readFileSync(join(OUTBOXES, version, `${name}.json`), "utf8")) as Kept;
    const open = async () => {
      const store = await (STORES[name] as (typeof STORES)["sqlite"])(version);
      const old = new OldOutbox(kept.atMs, "later");
      for (const [key, one] of kept.kept) {
        const timestamp = new Date(one.record.timestamp as Date);
        old.service.kept.set(key, { ...one, record: { ...one.record, timestamp } });
      }
      const outbox = await old.open(store);
      onTestFinished(() => outbox.close());
      return { store, old, outbox };
    };

    testHere("holds what it held: the same entries, balances, alarms and sums", async () => {
      const { store, outbox } = await open();
      expect(JSON.parse(JSON.stringify(await said(outbox, store)))).toEqual(kept.said);
    });

    testHere(
      "knows each reading that it had: sent again it counts once, and with other content it is refused",
      async () => {
        const { store, old, outbox } = await open();
        const before = await store.totals();
        const reading = old.reading("a3", "shares", "gb", "3000", "2026-11-10T09:59:59.999Z");
        const answers = await outbox.record([reading, { ...reading, quantity: "3001" }]);
        expect(answers.map(({ answer }) => answer)).toEqual(["known", "conflicting"]);
        expect(await store.totals()).toEqual(before);
      },
    );

    testHere(
      "goes on: what waits, was under way or in doubt comes to an end, and no unit is billed twice",
      async () => {
        const { store, old, outbox } = await open();
        // A copy of a database is another one: nothing is sent from it before somebody says that it may be.
        if (name === "postgres") await outbox.restored();
        for (let hours = 0; hours < 40; hours += 1) {
          await outbox.deliverDue();
          for (const entry of await store.entries({ states: ["doubtful"] })) {
            const isKept = keptOf(old.service, entry) !== undefined;
            if (isKept || entry.nextTryMs === undefined)
              await outbox.resolve(entry.entryId, isKept ? "delivered" : "not-kept", "seen in the trail");
          }
          old.pass(60);
        }
        const { entries, waitingReadings } = await store.summary();
        const notEnded = entries.filter(({ state, count }) => count > 0 && OPEN.includes(state));
        expect({ notEnded, waitingReadings }).toEqual({ notEnded: [], waitingReadings: 0 });
        expect(await outbox.verify()).toMatchObject({ ok: true });
        const units = [...old.service.kept.values()].reduce((sum, { quantity }) => sum + quantity, 0);
        expect(entries.find(({ state }) => state === "delivered")?.units).toBe(units);
        expect(units).toBeGreaterThan(sumOfKept(kept));
      },
    );
  });
});

const OPEN: readonly string[] = ["gathering", "frozen", "held", "doubtful"];

function sumOfKept({ kept }: Kept): number {
  return kept.reduce((sum, [, { quantity }]) => sum + quantity, 0);
}
