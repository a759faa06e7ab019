/**
 * npm run outbox:month -- --seed N [--days D]: a month of a seller's life against the running server, with faults all the time.
 * Prints that what was recorded is what was accepted, refused, expired, doubtful, waiting or in a balance, to the last digit, and
 * holds the ledger against the outbox. Exit 1 where something differs.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { equationText } from "../test/support/outbox-books.ts";
import { liveMonth } from "../test/support/outbox-month.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 1_000_000) },
    days: { type: "string", default: "30" },
    tenants: { type: "string", default: "40" },
    readings: { type: "string", default: "36" },
  },
});
const startedAt = Date.now();
const days = Number(values.days);
const result = await liveMonth({
  seed: Number(values.seed),
  startMs: Date.UTC(2026, 10, days > 6 ? 16 : 29),
  days,
  tenants: Number(values.tenants),
  readingsPerHour: Number(values.readings),
  makeStore: (folder) => sqliteStore(join(folder, "usage.outbox")),
  log: console.log,
});
console.log(
  `seed ${values.seed}: ${result.readings} readings, ${result.calls} calls, ${Math.round((Date.now() - startedAt) / 1000)} s`,
);
console.log(equationText(result));
console.log(`entries: ${JSON.stringify(result.entries)}`);
console.log(
  `ledger: ${result.ledgerUnits} units; delivered: ${result.deliveredUnits} units; ${result.differences.length} differences`,
);
for (const difference of result.differences.slice(0, 20)) console.log(`  ${difference}`);
console.log(`verify: ${result.verified ? "all adds up" : "does not add up"}`);
if (!result.balanced || !result.verified || result.differences.length > 0) process.exitCode = 1;
