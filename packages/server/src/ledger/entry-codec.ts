/**
 * Entries as text: compact JSON with a version. An entry writes each name once, and its records refer to names by position. So
 * an entry of 25 records stays small, and can be read without any table outside it.
 */
import type { RuleId, UsageRecord, UsageRecordStatus } from "@countinghouse/protocol";
import { sameCustomer } from "../domain/metering/metering-record.ts";
import { DefectError } from "./ledger.ts";
import type { Call, LedgerEntry, LedgerEvent, DecidedRecord } from "./entry.ts";

const VERSION = 1;

/** The entry as a store keeps it. Id and time stand beside the text, because stores look entries up by them. */
export interface EncodedEntry {
  readonly requestId: string;
  readonly atMs: number;
  readonly body: string;
}

export function encodeEntry(entry: LedgerEntry): EncodedEntry {
  const { requestId, ...call } = entry.call;
  const event = entry.event.kind === "usage-metered" ? packUsage(entry.event) : entry.event;
  return { requestId, atMs: entry.atMs, body: JSON.stringify({ v: VERSION, call, event }) };
}

/** Throws DefectError where the text is not an entry of this server. */
export function decodeEntry({ requestId, atMs, body: text }: EncodedEntry): LedgerEntry {
  try {
    const body = JSON.parse(text) as Body;
    if (body.v !== VERSION) throw new DefectError(`Entry ${requestId} has the unknown version ${body.v}.`);
    const event = body.event.kind === "usage-metered" ? unpackUsage(body.event) : body.event;
    return { atMs, call: { requestId, ...body.call }, event };
  } catch (error) {
    if (error instanceof DefectError) throw error;
    throw new DefectError(`Entry ${requestId} cannot be read.`);
  }
}

interface Body {
  readonly v: number;
  readonly call: Omit<Call, "requestId">;
  readonly event: Exclude<LedgerEvent, UsageEvent> | PackedUsage;
}

type UsageEvent = Extract<LedgerEvent, { kind: "usage-metered" }>;

/**
 * Timestamp minus `fromMs`, dimension, customer, quantity (null where none was sent), and the members that few records have.
 */
type PackedRecord = [number, number, number, number | null, PackedExtras?];

interface PackedExtras {
  status?: UsageRecordStatus;
  keptAs?: string;
  rule?: RuleId;
  license?: string;
  allocations?: UsageRecord["usageAllocations"];
}

interface PackedUsage {
  readonly kind: "usage-metered";
  readonly productCode?: string | undefined;
  readonly resourceId?: string | undefined;
  readonly clientToken?: string | undefined;
  readonly dryRun?: boolean | undefined;
  readonly fromMs: number;
  readonly dimensions: string[];
  /** `i` followed by a customer identifier, or `a` followed by a customer account. */
  readonly customers: string[];
  readonly records: PackedRecord[];
  readonly unprocessed?: readonly UsageRecord[] | undefined;
}

function packUsage(event: UsageEvent): PackedUsage {
  const dimensions = new Numbering();
  const customers = new Numbering();
  const fromMs = event.records[0]?.usageRecord.timestampMs ?? 0;
  let before: UsageRecord | undefined;
  let customer = 0;
  const records = event.records.map((record): PackedRecord => {
    const { usageRecord } = record;
    // Successive records are often of one customer.
    if (before === undefined || !sameCustomer(before, usageRecord))
      customer = customers.of(packedCustomer(usageRecord));
    before = usageRecord;
    const { timestampMs, dimension, quantity } = usageRecord;
    const packed: PackedRecord = [timestampMs - fromMs, dimensions.of(dimension), customer, quantity ?? null];
    const extras = extrasOf(record);
    if (extras !== undefined) packed.push(extras);
    return packed;
  });
  return {
    kind: "usage-metered",
    productCode: event.productCode,
    resourceId: event.resourceId,
    clientToken: event.clientToken,
    dryRun: event.dryRun,
    fromMs,
    dimensions: dimensions.names,
    customers: customers.names,
    records,
    unprocessed: event.unprocessed,
  };
}

function packedCustomer({ customerIdentifier, customerAccountId }: UsageRecord): string {
  return customerIdentifier === undefined ? `a${customerAccountId}` : `i${customerIdentifier}`;
}

function extrasOf({ usageRecord, status, keptAs, rule }: DecidedRecord): PackedExtras | undefined {
  const { licenseArn, usageAllocations } = usageRecord;
  const ordinary = status === "Success" && keptAs === undefined;
  if (ordinary && licenseArn === undefined && usageAllocations === undefined) return undefined;
  return {
    ...(status === "Success" ? {} : { status }),
    ...(keptAs === undefined ? {} : { keptAs }),
    ...(rule === undefined ? {} : { rule }),
    ...(licenseArn === undefined ? {} : { license: licenseArn }),
    ...(usageAllocations === undefined ? {} : { allocations: usageAllocations }),
  };
}

function unpackUsage(packed: PackedUsage): UsageEvent {
  const records = packed.records.map(([delta, dimension, customer, quantity, extras]): DecidedRecord => {
    const name = packed.customers[customer] as string;
    const usageRecord: UsageRecord = {
      timestampMs: packed.fromMs + delta,
      dimension: packed.dimensions[dimension] as string,
      ...(name.startsWith("i") ? { customerIdentifier: name.slice(1) } : { customerAccountId: name.slice(1) }),
      ...(quantity === null ? {} : { quantity }),
      ...(extras?.license === undefined ? {} : { licenseArn: extras.license }),
      ...(extras?.allocations === undefined ? {} : { usageAllocations: extras.allocations }),
    };
    const { status = "Success", keptAs, rule } = extras ?? {};
    return { usageRecord, status, keptAs, ...(rule === undefined ? {} : { rule }) };
  });
  const { kind, productCode, resourceId, clientToken, dryRun, unprocessed } = packed;
  return {
    kind,
    productCode,
    ...(resourceId === undefined ? {} : { resourceId }),
    ...(clientToken === undefined ? {} : { clientToken }),
    ...(dryRun === undefined ? {} : { dryRun }),
    records,
    ...(unprocessed === undefined ? {} : { unprocessed }),
  };
}

/** Gives each name a number, in the order in which names first appear. */
class Numbering {
  readonly names: string[] = [];
  readonly #numbers = new Map<string, number>();

  of(name: string): number {
    let number = this.#numbers.get(name);
    if (number === undefined) {
      number = this.names.push(name) - 1;
      this.#numbers.set(name, number);
    }
    return number;
  }
}
