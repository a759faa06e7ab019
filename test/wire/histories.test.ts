/**
 * Long random histories of the running server, over the wire: batches, one by one and at the same time, in one protocol or
 * the other, replays, agreements that come and go, a clock that moves to every border, restarts and kills. A second reading of
 * the rules (`test/support/histories/model.ts`) is told the same history, and must say the same.
 */
import * as fc from "fast-check";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect } from "vitest";
import { Stage } from "../support/histories/play.ts";
import { catalogueText } from "../support/histories/shop.ts";
import { historyOf } from "../support/histories/steps.ts";
import { postgresArgs, whyNoPostgres } from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it moves the clock, under both rule sets, and kills the server" });

const SEED = Number(process.env["HISTORIES_SEED"] ?? Date.now() % 0x8000_0000);
const RUNS = Number(process.env["HISTORIES_RUNS"] ?? 15);
/** As a failure names it, to begin with the very history that failed. */
const PATH = process.env["HISTORIES_PATH"] ?? "";

const STORES = {
  memory: { storeOf: () => ["--store", "memory:"], restarts: false },
  sqlite: { storeOf: (folder: string) => ["--store", `sqlite:${join(folder, "data")}`], restarts: true },
  postgres: { storeOf: postgresArgs, restarts: true },
} as const;
const noPostgres = whyNoPostgres();
if (noPostgres !== undefined)
  process.stdout.write(`skipped: histories on PostgreSQL, which cannot run: ${noPostgres}\n`);

describe.each(["classic", "current"] as const)("under the rules %s,", (rules) => {
  test.each(noPostgres === undefined ? (["memory", "sqlite", "postgres"] as const) : (["memory", "sqlite"] as const))(
    "every answer and all that is kept on %s are what a second reading of the rules says (B1 – B6, Rules K1 – K8, G1 – G8)",
    async (store) => {
      const folder = newFolder();
      const catalogue = join(folder, "shop.yaml");
      writeFileSync(catalogue, catalogueText());
      const { storeOf, restarts } = STORES[store];
      const stage = await Stage.open([...(await storeOf(folder)), "--catalog", catalogue], rules);
      const property = fc.asyncProperty(historyOf(60, { restarts }), (history) => stage.play(history));
      try {
        await fc.assert(property, { seed: SEED, numRuns: RUNS, path: PATH });
      } catch (error) {
        throw new Error(`HISTORIES_SEED=${SEED} repeats this.\n${(error as Error).message}`, { cause: error });
      } finally {
        process.stdout.write(`${rules}, ${store}: ${JSON.stringify(stage.done)}, HISTORIES_SEED=${SEED}\n`);
        await stage.close();
      }
      expect(stage.done.histories).toBeGreaterThanOrEqual(PATH === "" ? RUNS : 1);
      if (PATH === "" && RUNS >= 10) {
        expect(stage.done.inCbor, "both protocols had their share").toBeGreaterThan(RUNS);
        expect(stage.done.requests - stage.done.inCbor, "both protocols had their share").toBeGreaterThan(RUNS);
      }
    },
    60_000 + RUNS * 5_000,
  );
});
