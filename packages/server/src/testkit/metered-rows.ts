/** What a market has metered, as tests look at it: one row for each record that was accepted. */
import type { UsageAllocation } from "@countinghouse/protocol";
import { acceptedRecords } from "../ledger/accepted-records.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import { meteringRecordId } from "../ledger/ids.ts";
import type { SeenCall } from "./seen-calls.ts";

/** A metering record. */
export interface MeteredRow {
  readonly meteringRecordId: string;
  readonly requestId: string;
  readonly productCode: string;
  /** As the record named its customer; of a resource that metered itself, its account. */
  readonly customer: string;
  readonly licenseArn: string | undefined;
  readonly dimension: string;
  /** Whole hours since the epoch. */
  readonly hour: number;
  readonly region: string;
  readonly units: number;
  readonly allocations: readonly UsageAllocation[];
}

export function meteredRows(calls: readonly SeenCall[]): readonly MeteredRow[] {
  return calls.flatMap(({ entry }) => (entry === undefined ? [] : rowsOf(entry)));
}

function rowsOf(entry: LedgerEntry): MeteredRow[] {
  const { call, event } = entry;
  if (event.kind !== "usage-metered") return [];
  const hours = new Map(acceptedRecords(entry).map(({ position, key }) => [position, key.hour]));
  return [...hours].flatMap(([position, hour]) => {
    const usageRecord = event.records[position]?.usageRecord;
    if (usageRecord === undefined) return [];
    const { customerIdentifier, customerAccountId, licenseArn, dimension, quantity = 0 } = usageRecord;
    return {
      meteringRecordId: meteringRecordId(call.requestId, position),
      requestId: call.requestId,
      productCode: event.productCode ?? "",
      customer: customerIdentifier ?? customerAccountId ?? call.accountId ?? "",
      licenseArn,
      dimension,
      hour,
      region: call.region ?? "",
      units: quantity,
      allocations: usageRecord.usageAllocations ?? [],
    };
  });
}
