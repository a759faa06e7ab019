/** A ledger without a server around it, and work that keeps one record a customer. */
import { randomUUID } from "node:crypto";
import { ruleSets } from "@countinghouse/protocol";
import { systemClock } from "../../packages/server/src/clock.ts";
import type { Engine } from "../../packages/server/src/ledger/engine.ts";
import { meteringRecordId, requestId } from "../../packages/server/src/ledger/ids.ts";
import type { Ledger, Work } from "../../packages/server/src/ledger/ledger.ts";
import { SingleWriterLedger } from "../../packages/server/src/ledger/single-writer-ledger.ts";

export function ledgerOver(engine: Engine): Ledger {
  return new SingleWriterLedger(engine, engine.load(), {
    clock: systemClock(Date.now),
    ruleSet: ruleSets.classic,
    queuedMax: 1_000,
    groupMax: 16,
    schedule: (run) => {
      setImmediate(run);
    },
    monotonicMs: () => performance.now(),
  });
}

/** Answers the id of the record that stands. */
export function oneRecord(customer: string): Work<string> {
  const id = requestId(Date.now(), randomUUID());
  const usageRecord = { timestampMs: 0, dimension: "d", customerIdentifier: customer, quantity: 1 };
  const key = { hour: 0, region: "us-east-1", offering: "o", customer, dimension: "d", discriminator: "" };
  return {
    call: { requestId: id, operation: "BatchMeterUsage", principal: "p", sourceAddress: "", userAgent: "" },
    keys: [key],
    decide: ({ kept: [kept] }) => ({
      event: {
        kind: "usage-metered",
        productCode: "o",
        records: [{ usageRecord, status: "Success", keptAs: kept?.meteringRecordId }],
      },
      records: kept === undefined ? [{ position: 0, key, quantity: 1 }] : [],
      answer: kept?.meteringRecordId ?? meteringRecordId(id, 0),
    }),
  };
}

/** The id of each record that is kept, by customer. */
export async function keptIn(ledger: Ledger): Promise<Map<string, string>> {
  const kept = new Map<string, string>();
  let cursor: string | undefined;
  do {
    const page = await ledger.meteringRecords({ fromHour: 0, toHour: 0, limit: 10_000, cursor });
    for (const { key, meteringRecordId: id } of page.items) kept.set(key.customer, id);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return kept;
}
