/** Entries as the server would make them from the load's requests. */
import { randomUUID } from "node:crypto";
import { keyOf, type MeteringRecordKey } from "../../packages/server/src/domain/metering/metering-record.ts";
import type { StagedEntry } from "../../packages/server/src/ledger/engine.ts";
import type { DecidedRecord } from "../../packages/server/src/ledger/entry.ts";
import { meteringRecordId, requestId } from "../../packages/server/src/ledger/ids.ts";
import { stagedEntry } from "../../packages/server/src/ledger/staged-entry.ts";
import { PRODUCT_CODE, type BenchRecord } from "../load/records.ts";

/** The request with which a record was accepted, where it is another one. */
export interface KeptBy {
  readonly requestId: string;
  readonly status: "Success" | "DuplicateRecord";
}

/** A BatchMeterUsage request. `keptBy` says for each position whether its record was accepted before. */
export function batchEntry(
  records: readonly BenchRecord[],
  region: string,
  atMs: number,
  keptBy: (position: number) => KeptBy | undefined = () => undefined,
): { readonly requestId: string; readonly entry: StagedEntry } {
  const call = {
    requestId: requestId(atMs, randomUUID()),
    operation: "BatchMeterUsage",
    principal: "arn:aws:iam::111122223333:user/metering",
    accountId: "111122223333",
    accessKeyId: "AKIACOUNTINGHOUSE777",
    region,
    sourceAddress: "127.0.0.1",
    userAgent:
      "aws-sdk-js/3.1138.0 ua/2.1 os/linux lang/js md/nodejs#24.21.0 api/marketplace-metering#3.1138.0 m/N,E,e",
  };
  const usageRecords = records.map(usageRecordOf);
  const metered = usageRecords.map((usageRecord, position): DecidedRecord => {
    const kept = keptBy(position);
    if (kept === undefined) return { usageRecord, status: "Success" };
    return { usageRecord, status: kept.status, keptAs: meteringRecordId(kept.requestId, position) };
  });
  const event = { kind: "usage-metered" as const, productCode: PRODUCT_CODE, records: metered };
  const accepted = usageRecords
    .map((record, position) => ({
      position,
      key: keyOf(record, PRODUCT_CODE, region),
      quantity: record.quantity,
    }))
    .filter(({ position }) => keptBy(position) === undefined);
  return { requestId: call.requestId, entry: stagedEntry({ atMs, call, event }, accepted) };
}

/** The keys of all records, accepted or not. */
export function meteringKeys(records: readonly BenchRecord[], region: string): MeteringRecordKey[] {
  return records.map((record) => keyOf(usageRecordOf(record), PRODUCT_CODE, region));
}

function usageRecordOf(record: BenchRecord): {
  timestampMs: number;
  dimension: string;
  customerIdentifier: string;
  quantity: number;
} {
  return {
    timestampMs: record.Timestamp * 1000,
    dimension: record.Dimension,
    customerIdentifier: record.CustomerIdentifier,
    quantity: record.Quantity,
  };
}
