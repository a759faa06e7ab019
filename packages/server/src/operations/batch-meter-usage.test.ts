import { expect, onTestFinished, test } from "vitest";
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import { START_MS } from "../../testing/contract/ledger-under-test.ts";
import { EVERYTHING, newCall } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import {
  ANNA,
  BERT,
  BERTS_ACCOUNT,
  DAY_MS,
  LOGS,
  PRODUCTS,
  REGION,
  SELLER,
  agreement,
  putAgreement,
} from "../../testing/market.ts";
import { putAll } from "../../testing/resource-calls.ts";
import { batchMeterUsageOperation } from "./batch-meter-usage.ts";

const ended = agreement("bert", {
  customerAccountId: BERTS_ACCOUNT,
  customerIdentifier: "bert",
  endsAtMs: START_MS - 30 * DAY_MS,
});

const usage = (dimension: string, over: Partial<UsageRecord> = ANNA): UsageRecord => ({
  timestampMs: START_MS,
  dimension,
  quantity: 1,
  ...over,
});

test("of each record the entry says whether it was accepted, which one stands in its place, and by which rule it was not", async () => {
  const made = await ledgerInMemory();
  onTestFinished(() => made.remove());
  const { ledger } = made;
  await putAll(ledger, [...PRODUCTS, ...[agreement("anna"), ended].map(putAgreement)]);
  const meter = (usageRecords: readonly UsageRecord[]): ReturnType<ReturnType<typeof batchMeterUsageOperation>> =>
    batchMeterUsageOperation(ledger)(
      { ...newCall(), accountId: SELLER, region: REGION },
      { productCode: LOGS, usageRecords: [...usageRecords] },
    );
  const first = await meter([usage("calls")]);
  const kept = first.output?.results[0]?.meteringRecordId;
  const earlier = { ...ANNA, timestampMs: START_MS - HOUR_MS };
  const { output } = await meter([
    usage("calls"),
    usage("gb"),
    usage("calls", { ...ANNA, quantity: 9 }),
    usage("gb", BERT),
    usage("calls", earlier),
    usage("gb", earlier),
  ]);
  const statuses = output?.results.map(({ status }) => status);
  expect(statuses).toEqual(["Success", "Success", "DuplicateRecord", "CustomerNotSubscribed", "Success", "Success"]);
  const { items } = await ledger.events({ order: "newest", limit: 1 });
  expect(items[0]?.event).toMatchObject({ kind: "usage-metered", productCode: LOGS });
  const records = items[0]?.event.kind === "usage-metered" ? items[0].event.records : [];
  expect(records.map(({ keptAs }) => keptAs)).toEqual([kept, undefined, kept, undefined, undefined, undefined]);
  expect(records.map(({ rule }) => rule !== undefined)).toEqual([false, false, false, true, false, false]);
  const ids = output?.results.map(({ meteringRecordId }) => meteringRecordId) ?? [];
  const listed = (await ledger.meteringRecords(EVERYTHING)).items.map(({ meteringRecordId }) => meteringRecordId);
  expect(new Set(listed)).toEqual(new Set([kept, ids[1], ids[4], ids[5]]));
  expect(listed).toHaveLength(4);
});
