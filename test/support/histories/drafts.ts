/** Makes requests and times of a history's random choices, given what has happened so far. */
import type { UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import { flawed, type Draft, type RequestDraft } from "./flaws.ts";
import { startOfHour, startOfMonth, type MeterRequest, type Model, type ModelAgreement } from "./model.ts";
import { ACCOUNTS, IDENTIFIERS } from "./shop.ts";
import type { Again, Amount, ClockBorder, NewRequest, RecordChoice, When } from "./steps.ts";

const HOUR_MS = 3_600_000;

/** The times at which the rules change their answer for agreements (except years ago): starts, ends, ends of final hours. */
function bordersOf(agreements: readonly ModelAgreement[], nowMs: number): number[] {
  const all = agreements.flatMap(({ startsAtMs, endsAtMs, cancelledAtMs }) => {
    const ends = [endsAtMs, cancelledAtMs].filter((atMs) => atMs !== undefined);
    return [startsAtMs, ...ends.flatMap((atMs) => [atMs, atMs + HOUR_MS])];
  });
  return all.filter((atMs) => atMs > nowMs - 48 * HOUR_MS);
}

function concerns({ licenseArn, customerAccountId, customerIdentifier }: ModelAgreement, record: Draft): boolean {
  if (record.licenseArn !== undefined) return record.licenseArn === licenseArn;
  if (record.customerIdentifier !== undefined) return record.customerIdentifier === customerIdentifier;
  return record.customerAccountId === customerAccountId;
}

const windowMs = (model: Model): number => (model.rules === "classic" ? 6 : 24) * HOUR_MS;

/** `agreements` are those whose borders a time may lie at. */
export function timeOf(when: When, model: Model, agreements: readonly ModelAgreement[] = model.agreements): number {
  const { nowMs } = model;
  if ("agoMs" in when) return nowMs - when.agoMs;
  const borders = {
    hour: [0, 1, 2, 3].map((hours) => startOfHour(nowMs) - hours * HOUR_MS),
    window: [nowMs - windowMs(model)],
    ahead: [nowMs + 900_000],
    month: [startOfMonth(nowMs)],
    agreement: bordersOf(agreements, nowMs),
  }[when.border];
  return pick(borders, when.nth, nowMs) + when.offMs;
}

/** Never before the clock's present time. */
export function clockTarget(to: ClockBorder | { readonly seconds: number }, model: Model): number {
  const { nowMs } = model;
  if ("seconds" in to) return nowMs + to.seconds * 1_000;
  const borders = {
    hour: [startOfHour(nowMs) + HOUR_MS],
    month: [startOfMonth(nowMs, 0) + 6 * HOUR_MS, startOfMonth(nowMs, 1), startOfMonth(nowMs, 1) + 6 * HOUR_MS],
    agreement: bordersOf(latestFirst(model).slice(0, 2), nowMs),
    window: [...model.books.values()].map(({ usageRecord }) => usageRecord.timestampMs + windowMs(model)),
  }[to.border];
  const ahead = borders.map((atMs) => atMs + to.offMs).filter((atMs) => atMs >= nowMs);
  // Only the nearest borders are chosen from: the clock would otherwise leap over everything in between.
  return pick(ahead.toSorted((a, b) => a - b).slice(0, 3), to.nth, nowMs);
}

/** The seller's agreements for SaaS products, the one that was changed last first. */
export function latestFirst({ agreements }: Model): ModelAgreement[] {
  return agreements.filter(({ productCode }) => ["logs", "traces"].includes(productCode)).toReversed();
}

export function requestOf(choice: NewRequest, model: Model): MeterRequest {
  const { licensed, productCode, region, times, flaws } = choice;
  const agreements = latestFirst(model).filter(
    (agreement) => agreement.productCode === productCode && !(licensed && agreement.licenseArn === undefined),
  );
  const usageRecords = choice.records.map((record): Draft => ({
    ...whatOf(record, productCode, model),
    ...(licensed ? underLicence(agreements, record) : named(agreements, record)),
  }));
  const [latest] = agreements;
  for (const { record, when } of times) {
    const draft = usageRecords[record % usageRecords.length];
    if (draft === undefined) continue;
    draft.timestampMs = timeOf(when, model, agreements.slice(0, 1));
    // Only the agreement's own customer is affected where the agreement begins or ends.
    const isTheirs = "border" in when && ["agreement", "ahead"].includes(when.border);
    if (isTheirs && latest !== undefined) Object.assign(draft, licensed ? licenceOf(latest) : nameIn(latest, when.nth));
  }
  const request: RequestDraft = { region, productCode: licensed ? undefined : productCode, usageRecords };
  return flaws.reduce(flawed, request) as MeterRequest;
}

export function againOf(
  { stepsBack, take, changed }: Again,
  sent: readonly MeterRequest[],
  model: Model,
): MeterRequest {
  const [latest] = latestFirst(model);
  const isTaken = (record: UsageRecord, i: number): boolean => {
    if (take === "latest") return latest !== undefined && concerns(latest, record);
    if (take === "customer") return latest !== undefined && isOfCustomer(latest, record, model);
    return take[i] ?? true;
  };
  const earlier = (typeof take === "string" ? sent.findLast((of) => of.usageRecords.some(isTaken)) : undefined) ??
    sent[Math.max(0, sent.length - 1 - stepsBack)] ?? { region: "us-east-1", usageRecords: [] };
  const taken = earlier.usageRecords.filter(isTaken);
  switch (changed) {
    case "quantity":
      return { ...earlier, usageRecords: taken.map(withOneMore) };
    case "minute":
      return { ...earlier, usageRecords: taken.map(atOtherMinute) };
    case "order":
      return { ...earlier, usageRecords: taken.map(withPartsReversed).toReversed() };
    case "split":
      return { ...earlier, usageRecords: taken.map(splitOtherwise) };
    case "region":
      return { ...earlier, usageRecords: taken, region: earlier.region === "eu-west-1" ? "us-east-1" : "eu-west-1" };
    case "names":
      return { ...earlier, usageRecords: taken.map((record) => renamed(record, earlier.productCode, model)) };
    case "nothing":
      return { ...earlier, usageRecords: taken };
  }
}

function pick<T>(from: readonly T[], nth: number, otherwise?: T): T {
  return (from.length === 0 ? otherwise : from[nth % from.length]) as T;
}

function whatOf({ dimension, agoMs, amount }: RecordChoice, productCode: string, { nowMs }: Model): Draft {
  const of = productCode === "traces" ? "gb" : dimension;
  return { timestampMs: nowMs - agoMs, dimension: of, ...amountOf(amount) };
}

function named(agreements: readonly ModelAgreement[], { by, customer }: RecordChoice): Partial<Draft> {
  const [latest] = agreements;
  if (by === "latest" && latest !== undefined) return nameIn(latest, customer);
  // The seller does not know the fourth identifier: it is one of the flaws.
  return by === "identifier"
    ? { customerIdentifier: pick(IDENTIFIERS.slice(0, 3), customer) }
    : { customerAccountId: pick(ACCOUNTS, customer) };
}

/** The customer, by one of the two names that the agreement has for it. */
function nameIn({ customerAccountId, customerIdentifier }: ModelAgreement, nth: number): Partial<Draft> {
  const byAccount = customerIdentifier === undefined || nth % 2 === 0;
  return {
    customerAccountId: byAccount ? customerAccountId : undefined,
    customerIdentifier: byAccount ? undefined : customerIdentifier,
  };
}

function underLicence(agreements: readonly ModelAgreement[], { by, customer }: RecordChoice): Partial<Draft> {
  return licenceOf(pick(agreements, by === "latest" ? 0 : customer));
}

function licenceOf({ licenseArn, customerAccountId }: ModelAgreement): Partial<Draft> {
  return { licenseArn, customerAccountId };
}

const TAGS = [[{ key: "team", value: "b" }, { key: "site", value: "a" }], [{ key: "team", value: "a" }], undefined]; // prettier-ignore

function amountOf(amount: Amount): Pick<Draft, "quantity" | "usageAllocations"> {
  if (!("parts" in amount)) return amount.quantity === undefined ? {} : { quantity: amount.quantity };
  const usageAllocations = amount.parts.map((part, i): UsageAllocation => {
    const tags = TAGS[i];
    return { allocatedUsageQuantity: part, ...(tags === undefined ? {} : { tags }) };
  });
  return { quantity: amount.parts.reduce((sum, part) => sum + part, 0), usageAllocations };
}

/** Whether the record names the agreement's customer, for the same product, by any name that it ever had. */
function isOfCustomer(
  { productCode, customerAccountId }: ModelAgreement,
  record: UsageRecord,
  { agreements }: Model,
): boolean {
  return agreements.some(
    (agreement) =>
      agreement.productCode === productCode &&
      agreement.customerAccountId === customerAccountId &&
      concerns(agreement, record),
  );
}

/** The same usage under the customer's newest name of the same kind. */
function renamed(record: UsageRecord, productCode: string | undefined, { agreements }: Model): UsageRecord {
  const { customerIdentifier, licenseArn } = record;
  const before = agreements.find((agreement) =>
    licenseArn === undefined
      ? agreement.productCode === productCode && agreement.customerIdentifier === customerIdentifier
      : agreement.licenseArn === licenseArn,
  );
  const latest = agreements.findLast(
    (agreement) =>
      agreement.productCode === before?.productCode && agreement.customerAccountId === before.customerAccountId,
  );
  if (licenseArn !== undefined) return { ...record, licenseArn: latest?.licenseArn ?? licenseArn };
  if (customerIdentifier === undefined) return record;
  return { ...record, customerIdentifier: latest?.customerIdentifier ?? customerIdentifier };
}

function withOneMore(record: UsageRecord): UsageRecord {
  const { usageAllocations: _, ...unsplit } = record;
  return { ...unsplit, quantity: (record.quantity ?? 0) + 1 };
}

function atOtherMinute(record: UsageRecord): UsageRecord {
  const hour = startOfHour(record.timestampMs);
  return { ...record, timestampMs: hour + ((record.timestampMs - hour + 60_001) % HOUR_MS) };
}

function withPartsReversed(record: UsageRecord): UsageRecord {
  const { usageAllocations } = record;
  if (usageAllocations === undefined) return record;
  const reversed = usageAllocations.map(({ tags, ...rest }) =>
    tags === undefined ? rest : { ...rest, tags: tags.toReversed() },
  );
  return { ...record, usageAllocations: reversed.toReversed() };
}

/** The same quantity in one usage allocation; without allocations, where it had one. */
function splitOtherwise({ usageAllocations, ...record }: UsageRecord): UsageRecord {
  if (usageAllocations?.length === 1) return record;
  return { ...record, usageAllocations: [{ allocatedUsageQuantity: record.quantity ?? 0 }] };
}
