/** Advice reads no more entries than it is allowed to, the newest of them, and says from when on; on every store alike. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { newCall, PRODUCT, usage } from "../../testing/contract/works.ts";
import { EVERY_STORE } from "../../testing/every-store.ts";
import { keyOf } from "../domain/metering/metering-record.ts";
import { moveClock } from "../operations/move-clock.ts";
import { giveAdvice } from "./give-advice.ts";

const MINUTE_MS = 60_000;
const SELLER = "111122223333";

describe.each(EVERY_STORE)("%s", (_name, open) => {
  let store: LedgerUnderTest;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(() => store.remove());

  /** A record of an hour for a customer of its own, to one region: the same again in another one counts twice. */
  async function meter(customer: number, region: string): Promise<string> {
    const usageRecord = usage({ customerAccountId: String(customer).padStart(12, "0"), timestampMs: START_MS });
    const call = { ...newCall(), accountId: SELLER, region };
    const key = keyOf(usageRecord, PRODUCT, region);
    await store.ledger.transact({
      call,
      keys: [key],
      decide: () => ({
        event: { kind: "usage-metered", productCode: PRODUCT, records: [{ usageRecord, status: "Success" }] },
        records: [{ position: 0, key, quantity: 1 }],
        answer: undefined,
      }),
    });
    await moveClock(store.ledger, { ...newCall(), operation: "MoveClock" }, { byMs: 2 * MINUTE_MS });
    return call.requestId;
  }

  test("the newest calls are read, as many as there may be, and the answer says since when", async () => {
    const old = [await meter(1, "us-east-1"), await meter(1, "eu-west-1")];
    const recent = [await meter(2, "us-east-1"), await meter(2, "eu-west-1")];
    const nowMs = store.clock.nowMs();
    const query = { fromMs: START_MS, toMs: nowMs + 1, evidence: { order: "oldest", max: 10 } } as const;
    const shown = async (meteringEntriesMax: number) => {
      const bounds = { meteringEntriesMax, otherEntriesMax: 10 };
      const { items, entriesRead, completeFrom } = await giveAdvice(store.ledger, query, nowMs, bounds);
      const requests = items.flatMap(({ evidence }) => evidence.map(({ requestId }) => requestId));
      return { requests, entriesRead, completeFrom };
    };
    expect(await shown(10)).toEqual({ requests: [...old, ...recent], entriesRead: 4, completeFrom: undefined });
    const completeFrom = new Date(START_MS + 4 * MINUTE_MS).toISOString();
    expect(await shown(2)).toEqual({ requests: recent, entriesRead: 2, completeFrom });
    const later = { ...query, fromMs: START_MS + 4 * MINUTE_MS };
    expect((await giveAdvice(store.ledger, later, nowMs)).entriesRead).toBe(2);
    expect((await giveAdvice(store.ledger, { ...query, accountId: "999900001111" }, nowMs)).entriesRead).toBe(0);
    expect((await giveAdvice(store.ledger, { ...query, productCode: "other" }, nowMs)).entriesRead).toBe(0);
  });
});
