import { expect, test } from "vitest";
import { newCall, usage, REGION } from "../../testing/contract/works.ts";
import { clientTokenKey, keyOf, resourceKey } from "../domain/metering/metering-record.ts";
import { acceptedRecords } from "./accepted-records.ts";
import type { LedgerEvent, DecidedRecord } from "./entry.ts";

const entry = (event: LedgerEvent): Parameters<typeof acceptedRecords>[0] => ({ atMs: 0, call: newCall(), event });

test("what was accepted is at its position in the entry, and a record without a quantity counts nothing", () => {
  const { quantity: _, ...uncounted } = usage({ dimension: "calls" });
  const counted = usage({ quantity: 7 });
  const records: DecidedRecord[] = [
    { usageRecord: usage({ dimension: "replayed" }), status: "Success", keptAs: "another" },
    { usageRecord: counted, status: "Success" },
    { usageRecord: usage({ dimension: "other" }), status: "CustomerNotSubscribed" },
    { usageRecord: uncounted, status: "Success" },
  ];
  expect(acceptedRecords(entry({ kind: "usage-metered", productCode: "p", records }))).toEqual([
    { position: 1, key: keyOf(counted, "p", REGION), quantity: 7 },
    { position: 3, key: keyOf(uncounted, "p", REGION), quantity: 0 },
  ]);
});

test("what a resource metered of itself is kept under its resource, and under its client token too", () => {
  const usageRecord = usage({ quantity: 2 });
  const of = { kind: "usage-metered", productCode: "p", resourceId: "r" } as const;
  const records: DecidedRecord[] = [{ usageRecord, status: "Success" }];
  const key = resourceKey(usageRecord, "p", REGION, "r");
  const record = { position: 0, key, quantity: 2 };
  expect(acceptedRecords(entry({ ...of, records }))).toEqual([record]);
  expect(acceptedRecords(entry({ ...of, clientToken: "t", records }))).toEqual([
    record,
    { ...record, key: clientTokenKey(key, "t") },
  ]);
});

test("an entry that metered nothing accepted none", () => {
  expect(acceptedRecords(entry({ kind: "caller-identified" }))).toEqual([]);
});
