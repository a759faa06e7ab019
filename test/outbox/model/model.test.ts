/**
 * Random histories, held against an oracle after every step. `HISTORIES_RUNS` says how many (10,000 are a good run after a
 * change; with `HISTORIES_STORE=postgres` in PostgreSQL, where a few are lived otherwise); a failure prints the seed and the path
 * to repeat it by.
 */
import type { OutboxStore } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { assert, asyncProperty, constantFrom } from "fast-check";
import { onTestFinished, test } from "vitest";
import { outboxesInPostgres } from "../../../packages/outbox/testing/postgres-outboxes.ts";
import { testOfPostgres } from "../../support/postgres/database.ts";
import { Lived } from "./lived.ts";
import { history } from "./steps.ts";

const runs = process.env["HISTORIES_RUNS"];
const isOfPostgres = process.env["HISTORIES_STORE"] === "postgres";
const seed = process.env["HISTORIES_SEED"];
const path = process.env["HISTORIES_PATH"];
const RUNS = { sqlite: isOfPostgres ? 1 : Number(runs ?? 60), postgres: isOfPostgres ? Number(runs ?? 60) : 6 };

const STARTS = [Date.UTC(2026, 10, 10, 10, 30), Date.UTC(2026, 10, 30, 18, 5), Date.UTC(2026, 10, 30, 23, 50)];
const NAME =
  "whatever happens, nothing is lost, nothing is billed twice, every unit is accounted for, and what came in time is billed: O1, O2, O3, O4, O5, O6, O8, O9, O12";
const timeoutMs = (count: number): number => count * 30_000 + 60_000;

interface NewStore {
  readonly store: OutboxStore;
  readonly remove: () => Promise<void>;
}

async function liveThrough(numRuns: number, isReplayed: boolean, newStore: () => Promise<NewStore>): Promise<void> {
  const kinds = constantFrom("Success" as const, "DuplicateRecord" as const);
  const replay = {
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
  };
  await assert(
    asyncProperty(history, constantFrom(...STARTS), kinds, async (steps, startMs, identicalIs) => {
      const { store, remove } = await newStore();
      try {
        const lived = new Lived(store, startMs, identicalIs);
        await lived.begin();
        for (const step of steps) await lived.step(step);
        await lived.end();
      } finally {
        await remove();
      }
    }),
    { numRuns, ...(isReplayed ? replay : {}) },
  );
}

test(
  `${NAME}, in SQLite`,
  () =>
    liveThrough(RUNS.sqlite, !isOfPostgres, async () => {
      const store = sqliteStore(":memory:");
      return { store, remove: () => store.close() };
    }),
  timeoutMs(RUNS.sqlite),
);

testOfPostgres()(
  `${NAME}, in PostgreSQL`,
  async () => {
    const outboxes = await outboxesInPostgres();
    onTestFinished(() => outboxes.remove());
    await liveThrough(RUNS.postgres, isOfPostgres, () => outboxes.bare());
  },
  timeoutMs(RUNS.postgres),
);
