/** What the ledger keeps of an accepted usage record, and the key under which it is kept once. */
import { HOUR_MS, type EpochMs, type UsageAllocation, type UsageRecord } from "@countinghouse/protocol";
import { sameAllocations } from "./usage-allocation.ts";

/** Rule K1. The request alone decides the key; its time of arrival does not. */
export interface MeteringRecordKey {
  /** Whole hours since the epoch, UTC. */
  readonly hour: number;
  readonly region: string;
  /** The product code, or the licence ARN where the record has one. */
  readonly offering: string;
  /** The customer as identified in the record. */
  readonly customer: string;
  readonly dimension: string;
  /** Empty for BatchMeterUsage. Gives the records of each resource, and client tokens, keys of their own. */
  readonly discriminator: string;
}

/** The key of a usage record of a BatchMeterUsage request. The record has exactly one customer identity (Rule I1). */
export function keyOf(record: UsageRecord, productCode: string | undefined, region: string): MeteringRecordKey {
  return keyFor(record, productCode, region, customerOf(record));
}

function keyFor(
  { timestampMs, licenseArn, dimension }: UsageRecord,
  productCode: string | undefined,
  region: string,
  customer: string,
): MeteringRecordKey {
  const offering = licenseArn ?? productCode ?? "";
  return { hour: hourOf(timestampMs), region, offering, customer, dimension, discriminator: "" };
}

/** The keys of a request's usage records. Successive records are often of one customer, and then share the customer's text. */
export function keysOfRecords(
  records: readonly UsageRecord[],
  productCode: string | undefined,
  region: string,
): MeteringRecordKey[] {
  let before: UsageRecord | undefined;
  let customer = "";
  return records.map((record) => {
    if (before === undefined || !sameCustomer(before, record)) customer = customerOf(record);
    before = record;
    return keyFor(record, productCode, region, customer);
  });
}

/** The key of usage that a resource meters itself; each resource has its own keys. */
export function resourceKey(
  record: UsageRecord,
  productCode: string,
  region: string,
  resourceId: string,
): MeteringRecordKey {
  return { ...keyOf(record, productCode, region), discriminator: `resource:${resourceId}` };
}

/**
 * The key under which a resource's record is found by its client token. It holds neither product nor dimension: a token stands
 * for one request of a resource, whatever that was about. Rule M4.
 */
export function clientTokenKey(key: MeteringRecordKey, clientToken: string): MeteringRecordKey {
  return {
    ...key,
    offering: "",
    dimension: "",
    discriminator: CLIENT_TOKEN + tokenText(key.discriminator, clientToken),
  };
}

/**
 * A client token may be any text, but a NUL or half a surrogate pair cannot be stored. A token with one is written as JSON,
 * which escapes both; the beginning of the discriminator keeps the two forms apart.
 */
function tokenText(discriminator: string, clientToken: string): string {
  const isPlain = clientToken.isWellFormed() && !clientToken.includes("\0");
  return isPlain ? `${discriminator}:${clientToken}` : `json:${discriminator}:${JSON.stringify(clientToken)}`;
}

/** Whether a key is an alias: a second key of a record. */
export function isAlias(key: MeteringRecordKey): boolean {
  return key.discriminator.startsWith(CLIENT_TOKEN);
}

/** The beginning of the discriminators of aliases, and of no others. */
export const CLIENT_TOKEN = "token:";

/** Whether a key is of a record of this resource: of what it metered itself, of its use, or of an adjustment of that. */
export function isOfResource({ discriminator }: MeteringRecordKey, resourceId: string): boolean {
  const own = `resource:${resourceId}`;
  return discriminator === own || discriminator.startsWith(`${own}:`);
}

/** The key of a resource's use in an hour, or of an adjustment of that use. */
export function accruedKey(use: AccruedHour, productCode: string): MeteringRecordKey {
  const { hour, region, customerAccountId, dimension, resourceId, adjustment } = use;
  return {
    hour,
    region,
    offering: productCode,
    customer: accountCustomer(customerAccountId),
    dimension,
    discriminator: adjustment === undefined ? `resource:${resourceId}` : `resource:${resourceId}:${adjustment}`,
  };
}

/** The number of the adjustment that a key is of; undefined for the use itself. */
export function adjustmentOf({ discriminator }: MeteringRecordKey): number | undefined {
  const [, , adjustment] = discriminator.split(":");
  return adjustment === undefined ? undefined : Number(adjustment);
}

interface AccruedHour {
  readonly hour: number;
  readonly region: string;
  readonly customerAccountId: string;
  readonly dimension: string;
  readonly resourceId: string;
  readonly adjustment?: number | undefined;
}

/** The customer as a text. Identifiers and accounts have different forms, so that one is never taken for the other. */
export function customerOf(record: Pick<UsageRecord, "customerIdentifier" | "customerAccountId">): string {
  return record.customerIdentifier === undefined
    ? accountCustomer(record.customerAccountId ?? "")
    : identifiedCustomer(record.customerIdentifier);
}

export function sameCustomer(a: UsageRecord, b: UsageRecord): boolean {
  return a.customerIdentifier === b.customerIdentifier && a.customerAccountId === b.customerAccountId;
}

export const accountCustomer = (customerAccountId: string): string => `account:${customerAccountId}`;
export const identifiedCustomer = (customerIdentifier: string): string => `identifier:${customerIdentifier}`;

export function hourOf(atMs: EpochMs): number {
  return Math.floor(atMs / HOUR_MS);
}

/**
 * One text for each key, for maps of accepted records. Names in the catalogue hold no line break, so the text of an accepted
 * record has exactly five, and no other key has the same text.
 */
export function keyText(key: MeteringRecordKey): string {
  return `${key.hour}\n${key.region}\n${key.offering}\n${key.customer}\n${key.dimension}\n${key.discriminator}`;
}

export function sameKey(a: MeteringRecordKey, b: MeteringRecordKey): boolean {
  return a.dimension === b.dimension && sameButForDimension(a, b);
}

export function sameButForDimension(a: MeteringRecordKey, b: MeteringRecordKey): boolean {
  return (
    a.customer === b.customer &&
    a.hour === b.hour &&
    a.offering === b.offering &&
    a.region === b.region &&
    a.discriminator === b.discriminator
  );
}

/** What a decision adds to the ledger: usage that was accepted under a key. Its id follows from its entry and its position. */
export interface AcceptedRecord {
  /** The record's place among the records of its entry. */
  readonly position: number;
  readonly key: MeteringRecordKey;
  readonly quantity: number;
}

/** A kept record, as far as decisions need it. */
export interface MeteringRecord {
  readonly meteringRecordId: string;
  readonly timestampMs: EpochMs;
  readonly dimension: string;
  readonly quantity: number;
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
}

/** Rules K2 and K3: the same quantity and the same allocations are the same usage. */
export function isReplay(kept: MeteringRecord, sent: Pick<UsageRecord, "quantity" | "usageAllocations">): boolean {
  return kept.quantity === (sent.quantity ?? 0) && sameAllocations(kept.usageAllocations, sent.usageAllocations);
}
