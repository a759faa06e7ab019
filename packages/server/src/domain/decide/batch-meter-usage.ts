/**
 * Decides BatchMeterUsage. The whole batch is refused for the first reason that holds (`batch-checks.ts`); otherwise each
 * record is decided by itself, in the order of the request.
 */
import type { RuleId, UsageRecord, UsageRecordResult } from "@countinghouse/protocol";
import { whyNotSubscribed } from "../catalogue/agreement.ts";
import {
  type AcceptedRecord,
  isReplay,
  keysOfRecords,
  sameKey,
  type MeteringRecord,
  type MeteringRecordKey,
} from "../metering/metering-record.ts";
import type { Rejection } from "../rejection.ts";
import { checkBatch, type BatchMeterUsageFacts, type BatchMeterUsageRequest } from "./batch-checks.ts";

export type BatchMeterUsageDecision =
  | { readonly rejected: Rejection }
  | {
      readonly rejected?: undefined;
      /** The metered product; undefined only for an empty request without a product code. */
      readonly productCode: string | undefined;
      readonly results: readonly UsageRecordResult[];
      readonly accepted: readonly AcceptedRecord[];
      /** For each record that is CustomerNotSubscribed, by position: the rule that says so. */
      readonly notSubscribed: ReadonlyMap<number, RuleId>;
    };

/** The keys of the records, in their order. The ledger looks them up before the decision. */
export function keysOf(request: BatchMeterUsageRequest): MeteringRecordKey[] {
  const { usageRecords, productCode } = request.input;
  return keysOfRecords(usageRecords, productCode, request.region);
}

export function decideBatchMeterUsage(
  request: BatchMeterUsageRequest,
  keys: readonly MeteringRecordKey[],
  facts: BatchMeterUsageFacts,
): BatchMeterUsageDecision {
  const offering = checkBatch(request, keys, facts);
  if (offering !== undefined && "code" in offering) return { rejected: offering };
  const records = request.input.usageRecords;
  const results: UsageRecordResult[] = [];
  const accepted: AcceptedRecord[] = [];
  const notSubscribed = new Map<number, RuleId>();
  for (let position = 0; position < records.length; position += 1) {
    const usageRecord = records[position] as UsageRecord;
    const key = keys[position] as MeteringRecordKey;
    const kept = facts.kept[position] ?? acceptedBefore(key, accepted, records, facts);
    if (kept !== undefined) {
      const status = isReplay(kept, usageRecord) ? "Success" : "DuplicateRecord";
      results.push({ usageRecord, meteringRecordId: kept.meteringRecordId, status });
      continue;
    }
    const { nowMs, catalogue } = facts;
    const rule = whyNotSubscribed(offering?.agreements[position] ?? [], usageRecord.timestampMs, nowMs, catalogue);
    if (rule === undefined) {
      accepted.push({ position, key, quantity: usageRecord.quantity ?? 0 });
      results.push({ usageRecord, meteringRecordId: facts.meteringRecordId(position), status: "Success" });
    } else {
      notSubscribed.set(position, rule);
      results.push({ usageRecord, status: "CustomerNotSubscribed" });
    }
  }
  return { productCode: offering?.product.productCode, results, accepted, notSubscribed };
}

/** Rule K4: the record with this key that was accepted earlier in the same request, if any. */
function acceptedBefore(
  key: MeteringRecordKey,
  accepted: readonly AcceptedRecord[],
  records: readonly UsageRecord[],
  facts: BatchMeterUsageFacts,
): MeteringRecord | undefined {
  const before = accepted.find((candidate) => sameKey(candidate.key, key));
  if (before === undefined) return undefined;
  const { position, quantity } = before;
  const { usageAllocations, timestampMs, dimension } = records[position] as UsageRecord;
  return { meteringRecordId: facts.meteringRecordId(position), timestampMs, dimension, quantity, usageAllocations };
}
