/**
 * BatchMeterUsage, decided: the whole batch is refused for the first reason that holds (`batch-checks.ts`); otherwise
 * each record is judged by itself, in the order of the request.
 */
import type { EpochMs, RuleId, UsageRecord, UsageRecordResult } from "@countinghouse/protocol";
import { coversUsage, meteringClosed, type Agreement } from "../agreement.ts";
import { isReplay, keyOf, sameKey, type MeteringRecord, type MeteringRecordKey } from "../metering-record.ts";
import type { Rejection } from "../rejection.ts";
import { checkBatch, type BatchMeterUsageFacts, type BatchMeterUsageRequest } from "./batch-checks.ts";

export interface AcceptedRecord {
  /** The record's place in the request, from 0. */
  readonly position: number;
  readonly key: MeteringRecordKey;
  readonly quantity: number;
}

export type BatchMeterUsageDecision =
  | { readonly rejected: Rejection }
  | {
      readonly rejected?: undefined;
      /** The product that was metered; undefined only for an empty request without a product code. */
      readonly productCode: string | undefined;
      readonly results: readonly UsageRecordResult[];
      readonly accepted: readonly AcceptedRecord[];
      /** For records that are CustomerNotSubscribed, by position: the rule by which they are. */
      readonly notSubscribed: ReadonlyMap<number, RuleId>;
    };

/** The keys of the records, in their order: what the ledger is asked for before the decision. */
export function keysOf(request: BatchMeterUsageRequest): MeteringRecordKey[] {
  const { usageRecords, productCode } = request.input;
  return usageRecords.map((record) => keyOf(record, productCode, request.region));
}

export function decideBatchMeterUsage(
  request: BatchMeterUsageRequest,
  keys: readonly MeteringRecordKey[],
  facts: BatchMeterUsageFacts,
): BatchMeterUsageDecision {
  const offering = checkBatch(request, facts);
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
    const rule = whyNotSubscribed(offering?.agreementsOf(usageRecord) ?? [], usageRecord, facts.nowMs);
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

/** Rule K4: the record of this key, if any, that was accepted earlier in the same request. */
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

/** Rules G1 to G4: one agreement is open now, and one, perhaps another, covers the usage. */
function whyNotSubscribed(
  agreements: readonly Agreement[],
  record: UsageRecord,
  nowMs: EpochMs,
): "G1" | "G2" | "G3" | "G4" | undefined {
  const closed = agreements.map((agreement) => meteringClosed(agreement, nowMs));
  if (!closed.includes(undefined)) return closed.includes("G4") ? "G4" : closed.includes("G3") ? "G3" : "G1";
  // Usage slightly ahead of the clock (Rule W3) counts as usage of now.
  const usedAtMs = Math.min(record.timestampMs, nowMs);
  return agreements.some((agreement) => coversUsage(agreement, usedAtMs)) ? undefined : "G2";
}
