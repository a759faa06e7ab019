/**
 * Random histories, held against an oracle after every step. `HISTORIES_RUNS` says how many (10,000 are a good run after a
 * change); a failure prints the seed and the path to repeat it by.
 */
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { assert, asyncProperty, constantFrom } from "fast-check";
import { test } from "vitest";
import { Lived } from "./lived.ts";
import { history } from "./steps.ts";

const RUNS = Number(process.env["HISTORIES_RUNS"] ?? 60);
const seed = process.env["HISTORIES_SEED"];
const path = process.env["HISTORIES_PATH"];

const STARTS = [Date.UTC(2026, 10, 10, 10, 30), Date.UTC(2026, 10, 30, 18, 5), Date.UTC(2026, 10, 30, 23, 50)];

test(
  "whatever happens, nothing is lost, nothing is billed twice, and every unit is accounted for: O1 to O10",
  async () => {
    const kinds = constantFrom("Success" as const, "DuplicateRecord" as const);
    await assert(
      asyncProperty(history, constantFrom(...STARTS), kinds, async (steps, startMs, identicalIs) => {
        const store = sqliteStore(":memory:");
        try {
          const lived = new Lived(store, startMs, identicalIs);
          await lived.begin();
          for (const step of steps) await lived.step(step);
          await lived.end();
        } finally {
          await store.close();
        }
      }),
      { numRuns: RUNS, ...(seed === undefined ? {} : { seed: Number(seed) }), ...(path === undefined ? {} : { path }) },
    );
  },
  RUNS * 10_000 + 60_000,
);
