/** What a fault has hit, and whether it came again. Usage that came again is of the same customer, dimension and hour. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import type { AuditEvent } from "../../operator/contract/ledger/audit.ts";
import type { TrailCall } from "../../trail/trail-call.ts";

/** A call that a fault has hit. */
export interface Hit {
  /** The records whose fate its caller was not told, or told that it is open. */
  readonly lost: number;
  /** Those of them that no later call had. Undefined where the trail does not say what was sent. */
  readonly missing: number | undefined;
}

/** `events` are those of BatchMeterUsage from before the fault on, in their order. Undefined where it has hit none. */
export function hitBy(
  faultId: string,
  events: readonly AuditEvent[],
  callOf: (event: AuditEvent) => TrailCall | undefined,
): Hit | undefined {
  const at = events.findIndex((event) => faultsOf(event).some((fault) => fault.faultId === faultId));
  const event = events[at];
  if (event === undefined) return undefined;
  const call = batchOf(callOf(event));
  if (call === undefined) return { lost: 0, missing: undefined };
  const { usageRecords } = call.input;
  const isOpen = faultsOf(event).some((fault) => fault.faultId === faultId && fault.kind === "unprocessed");
  const lost = isOpen ? usageRecords.slice(usageRecords.length - call.answer.unprocessed) : usageRecords;
  const later = events.slice(at + 1).flatMap((one) => batchOf(callOf(one))?.input.usageRecords ?? []);
  const again = new Set(later.map(usageOf));
  return { lost: lost.length, missing: lost.filter((record) => !again.has(usageOf(record))).length };
}

interface Fault {
  readonly faultId?: string;
  readonly kind?: string;
}

function faultsOf({ additionalEventData }: AuditEvent): readonly Fault[] {
  return (additionalEventData as { readonly faults?: readonly Fault[] } | undefined)?.faults ?? [];
}

type Batch = Extract<TrailCall, { operation: "BatchMeterUsage" }>;

function batchOf(call: TrailCall | undefined): (Batch & { readonly input: NonNullable<Batch["input"]> }) | undefined {
  if (call?.operation !== "BatchMeterUsage" || call.input === undefined) return undefined;
  return { ...call, input: call.input };
}

function usageOf({ timestampMs, dimension, customerIdentifier, customerAccountId, licenseArn }: UsageRecord): string {
  return JSON.stringify([
    Math.floor(timestampMs / HOUR_MS),
    dimension,
    customerIdentifier,
    customerAccountId,
    licenseArn,
  ]);
}
