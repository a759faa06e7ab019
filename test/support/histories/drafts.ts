/** Makes requests and times of the random choices of a history, given where the history stands. */
import type { UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import { startOfHour, startOfMonth, type MeterRequest, type Model, type ModelAgreement } from "./model.ts";
import { ACCOUNTS, IDENTIFIERS, licence } from "./shop.ts";
import type { Again, Amount, ClockBorder, Flaw, NewRequest, RecordChoice, When } from "./steps.ts";

const HOUR_MS = 3_600_000;

type Draft = { -readonly [Member in keyof UsageRecord]: UsageRecord[Member] | undefined };

/** Every border that the rules draw around agreements: beginnings, ends, and the ends of final hours. */
function bordersOf(agreements: readonly ModelAgreement[]): number[] {
  return agreements.flatMap(({ startsAtMs, endsAtMs, cancelledAtMs }) => {
    const ends = [endsAtMs, cancelledAtMs].filter((atMs) => atMs !== undefined);
    return [startsAtMs, ...ends.flatMap((atMs) => [atMs, atMs + HOUR_MS])];
  });
}

/** Those that histories are about; the shop's own beginnings lie years back. */
function recentBorders(agreements: readonly ModelAgreement[], nowMs: number): number[] {
  return bordersOf(agreements).filter((atMs) => atMs > nowMs - 48 * HOUR_MS);
}

function concerns({ licenseArn, customerAccountId, customerIdentifier }: ModelAgreement, record: Draft): boolean {
  if (record.licenseArn !== undefined) return record.licenseArn === licenseArn;
  if (record.customerIdentifier !== undefined) return record.customerIdentifier === customerIdentifier;
  return record.customerAccountId === customerAccountId;
}

const windowMs = (model: Model): number => (model.rules === "classic" ? 6 : 24) * HOUR_MS;

/** The agreements are those whose borders may be meant. */
export function timeOf(when: When, model: Model, agreements: readonly ModelAgreement[] = model.agreements): number {
  const { nowMs } = model;
  if ("agoMs" in when) return nowMs - when.agoMs;
  const borders = {
    hour: [0, 1, 2, 3].map((hours) => startOfHour(nowMs) - hours * HOUR_MS),
    window: [nowMs - windowMs(model)],
    ahead: [nowMs + 900_000],
    month: [startOfMonth(nowMs)],
    agreement: recentBorders(agreements, nowMs),
  }[when.border];
  return pick(borders, when.nth, nowMs) + when.offMs;
}

/** Never behind where the clock stands. */
export function clockTarget(to: ClockBorder | { readonly seconds: number }, model: Model): number {
  const { nowMs } = model;
  if ("seconds" in to) return nowMs + to.seconds * 1_000;
  const borders = {
    hour: [startOfHour(nowMs) + HOUR_MS],
    month: [startOfMonth(nowMs, 0) + 6 * HOUR_MS, startOfMonth(nowMs, 1), startOfMonth(nowMs, 1) + 6 * HOUR_MS],
    agreement: recentBorders(model.agreements, nowMs),
    window: [...model.books.values()].map(({ usageRecord }) => usageRecord.timestampMs + windowMs(model)),
  }[to.border];
  const ahead = borders.map((atMs) => atMs + to.offMs).filter((atMs) => atMs >= nowMs);
  // The windows of the nearest records are the ones to be met; those of the last ones would leave nothing in between.
  return pick(ahead.toSorted((a, b) => a - b).slice(0, 3), to.nth, nowMs);
}

/** The seller's own for SaaS products, the one that was changed last before the others. */
export function latestFirst({ agreements }: Model): ModelAgreement[] {
  return agreements.filter(({ productCode }) => ["logs", "traces"].includes(productCode)).toReversed();
}

export function requestOf(choice: NewRequest, model: Model): MeterRequest {
  const { licensed, productCode, region, times, flaws } = choice;
  const licences = latestFirst(model).filter((of) => of.productCode === productCode && of.licenseArn !== undefined);
  const usageRecords = choice.records.map((record): Draft => ({
    ...whatOf(record, productCode, model),
    ...(licensed
      ? underLicence(pick(licences, record.by === "latest" ? 0 : record.customer))
      : named(record, licences)),
  }));
  for (const { record, when } of times) {
    const draft = usageRecords[record % usageRecords.length];
    if (draft === undefined) continue;
    const own = model.agreements.filter((agreement) => concerns(agreement, draft));
    draft.timestampMs = timeOf(when, model, own);
  }
  const request = { region, productCode: licensed ? undefined : productCode, usageRecords };
  return flaws.reduce(flawed, request) as MeterRequest;
}

export function againOf(
  { stepsBack, take, changed }: Again,
  sent: readonly MeterRequest[],
  model: Model,
): MeterRequest {
  const [latest] = latestFirst(model);
  const isTaken = (record: UsageRecord, i: number): boolean =>
    take === "latest" ? latest !== undefined && concerns(latest, record) : (take[i] ?? true);
  const earlier = (take === "latest" ? sent.findLast((of) => of.usageRecords.some(isTaken)) : undefined) ??
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

function named({ by, customer }: RecordChoice, [latest]: readonly ModelAgreement[]): Partial<Draft> {
  if (by === "latest" && latest !== undefined) {
    const { customerIdentifier, customerAccountId } = latest;
    return customerIdentifier === undefined || customer % 2 === 0 ? { customerAccountId } : { customerIdentifier };
  }
  // The fourth identifier is not known to the seller: it is one of the flaws.
  return by === "identifier"
    ? { customerIdentifier: pick(IDENTIFIERS.slice(0, 3), customer) }
    : { customerAccountId: pick(ACCOUNTS, customer) };
}

function underLicence({ licenseArn, customerAccountId }: ModelAgreement): Partial<Draft> {
  return { licenseArn, customerAccountId };
}

const TAGS = [[{ key: "team", value: "a" }], [{ key: "team", value: "b" }, { key: "site", value: "a" }], undefined]; // prettier-ignore

function amountOf(amount: Amount): Pick<Draft, "quantity" | "usageAllocations"> {
  if (!("parts" in amount)) return amount.quantity === undefined ? {} : { quantity: amount.quantity };
  const usageAllocations = amount.parts.map((part, i): UsageAllocation => {
    const tags = TAGS[i];
    return { allocatedUsageQuantity: part, ...(tags === undefined ? {} : { tags }) };
  });
  return { quantity: amount.parts.reduce((sum, part) => sum + part, 0), usageAllocations };
}

function withOneMore({ usageAllocations: _, ...record }: UsageRecord): UsageRecord {
  return { ...record, quantity: (record.quantity ?? 0) + 1 };
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

/** The same quantity, in one bucket; where it was in one, in none. */
function splitOtherwise({ usageAllocations, ...record }: UsageRecord): UsageRecord {
  if (usageAllocations?.length === 1) return record;
  return { ...record, usageAllocations: [{ allocatedUsageQuantity: record.quantity ?? 0 }] };
}

type RequestDraft = { region: string; productCode?: string | undefined; usageRecords: Draft[] };

/** The request with a flaw in it. A flaw that has no place in this request leaves it as it is. */
function flawed(request: RequestDraft, { flaw, record }: Flaw): RequestDraft {
  const at = record % Math.max(1, request.usageRecords.length);
  const changed = (change: Draft | ((draft: Draft) => Partial<Draft>) | Partial<Draft>): RequestDraft => ({
    ...request,
    usageRecords: request.usageRecords.map((draft, i) =>
      i === at ? { ...draft, ...(typeof change === "function" ? change(draft) : change) } : draft,
    ),
  });
  const split = (...usageAllocations: UsageAllocation[]): Partial<Draft> => ({ quantity: 2, usageAllocations });
  const tag = { key: "team", value: "a" };
  const part = { allocatedUsageQuantity: 1 };
  switch (flaw) {
    case "both identities":
      return changed({ customerAccountId: ACCOUNTS[0], customerIdentifier: "ann" });
    case "no identity":
      return changed({ customerAccountId: undefined, customerIdentifier: undefined });
    case "stray licence":
      return changed({ licenseArn: licence(1) });
    case "stray identifier":
      return changed({ licenseArn: licence(1), customerIdentifier: "ann", customerAccountId: undefined });
    case "unknown customer":
      return changed({ customerIdentifier: "zoe", customerAccountId: undefined });
    case "unknown account":
      return changed({ customerIdentifier: undefined, customerAccountId: "121212121212" });
    case "other customer's licence":
      return changed({ customerAccountId: ACCOUNTS[3], licenseArn: licence(1) });
    case "unknown licence":
      return changed({ licenseArn: licence(99_999) });
    case "foreign licence":
      return changed({ licenseArn: licence(7), customerAccountId: ACCOUNTS[0] });
    case "image licence":
      return changed({ licenseArn: licence(6), customerAccountId: ACCOUNTS[2] });
    case "other product's licence":
      return changed({ licenseArn: licence(5), customerAccountId: ACCOUNTS[3] });
    case "unknown dimension":
      return changed({ dimension: "nothing" });
    case "entitled dimension":
      return changed({ dimension: "seats" });
    case "tag key twice":
      return changed(split({ ...part, tags: [tag, { ...tag, value: "b" }] }, part));
    case "bucket twice":
      return changed(split({ ...part, tags: [tag] }, { ...part, tags: [tag] }));
    case "wrong sum":
      return changed(split(part));
    case "no product code":
      return { ...request, productCode: undefined };
    case "unknown product code":
      return { ...request, productCode: "nothing" };
    case "foreign product code":
      return { ...request, productCode: "foreign" };
    case "image product code":
      return { ...request, productCode: "image" };
    case "26 records":
      return {
        ...request,
        usageRecords: Array.from({ length: 26 }, (_, i) => pick(request.usageRecords, i, ANYTHING)),
      };
    case "closed region":
      return { ...request, region: "us-gov-west-1" };
  }
}

const ANYTHING: Draft = { timestampMs: 0, dimension: "gb" };
