/** Three days over a month's end against the running server; `npm run outbox:month` lives thirty. */
import { expect, test } from "vitest";
import { STORES, storeAt } from "../support/outbox-store.ts";
import { equationText } from "../support/outbox-books.ts";
import { liveMonth } from "../support/outbox-month.ts";

test.each(STORES)(
  "O3: three days with faults in %s: all is accounted for to the last digit, and the ledger has what was delivered",
  async (_name, newStore) => {
    const address = await newStore();
    const result = await liveMonth({
      seed: 7,
      startMs: Date.UTC(2026, 10, 29),
      days: 3,
      tenants: 15,
      readingsPerHour: 6,
      makeStore: () => storeAt(address),
      log: () => undefined,
    });
    expect(result.balanced, equationText(result)).toBe(true);
    expect(result.verified).toBe(true);
    expect(result.differences).toEqual([]);
    expect(result.ledgerUnits).toBe(result.deliveredUnits);
    expect(result.deliveredUnits).toBeGreaterThan(1_000n);
    for (const state of ["gathering", "frozen", "held", "doubtful"]) expect(result.entries[state] ?? 0).toBe(0);
  },
  600_000,
);
