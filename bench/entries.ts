/** Entries as the server would make them of the load's requests. */
import { randomUUID } from "node:crypto";
import { keyOf } from "../packages/server/src/domain/metering-record.ts";
import type { StagedEntry } from "../packages/server/src/ledger/engine.ts";
import { requestId } from "../packages/server/src/ledger/ids.ts";
import { stagedEntry } from "../packages/server/src/ledger/staged-entry.ts";
import { PRODUCT_CODE, type BenchRecord } from "./requests.ts";

/** A BatchMeterUsage request, all of whose records were accepted. */
export function batchEntry(records: readonly BenchRecord[], region: string, atMs: number): StagedEntry {
  const usageRecords = records.map((record) => ({
    timestampMs: record.Timestamp * 1000,
    dimension: record.Dimension,
    customerIdentifier: record.CustomerIdentifier,
    quantity: record.Quantity,
  }));
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
  const metered = usageRecords.map((usageRecord) => ({ usageRecord, status: "Success" as const }));
  const event = { kind: "usage-metered" as const, productCode: PRODUCT_CODE, records: metered };
  return stagedEntry(
    { atMs, call, event },
    usageRecords.map((record, position) => ({
      position,
      key: keyOf(record, PRODUCT_CODE, region),
      quantity: record.quantity,
    })),
  );
}
