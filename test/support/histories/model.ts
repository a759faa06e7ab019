/**
 * A second implementation of BatchMeterUsage, from docs/RULES.md, in a Map and a list. It shares nothing with the server but
 * the names on the wire, and is written to be read easily.
 */
import type { RuleSetName, Tag, UsageAllocation, UsageRecord } from "@countinghouse/protocol";
import { AGREEMENTS, PRODUCTS, SELLER, type ShopProduct } from "./shop.ts";

const SECONDS = 1_000;
export const HOURS = 3_600 * SECONDS;

export interface MeterRequest {
  readonly region: string;
  readonly productCode?: string | undefined;
  readonly usageRecords: readonly UsageRecord[];
}

export interface ModelAgreement {
  readonly agreementId: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  readonly customerIdentifier?: string | undefined;
  readonly licenseArn?: string | undefined;
  readonly startsAtMs: number;
  readonly endsAtMs?: number | undefined;
  readonly cancelledAtMs?: number | undefined;
  readonly suspended?: boolean;
  readonly replaces?: string | undefined;
  readonly replacedBy?: string | undefined;
  /** How far it has covered usage, where its end was later set to an earlier time. */
  readonly coveredUntilMs?: number | undefined;
}

/** A record in the books. It has no id: the comparison learns from the server which id it has. */
export interface BookedRecord {
  readonly region: string;
  readonly productCode: string;
  readonly usageRecord: UsageRecord;
  readonly recordedAtMs: number;
}

interface Verdict {
  readonly status: "Success" | "DuplicateRecord" | "CustomerNotSubscribed";
  /** The record that stands under its key, if one does now. */
  readonly standing?: BookedRecord | undefined;
}

type Outcome = { readonly error: string } | { readonly error?: undefined; readonly verdicts: readonly Verdict[] };

export class Model {
  readonly rules: RuleSetName;
  nowMs: number;
  agreements: readonly ModelAgreement[];
  readonly books: Map<string, BookedRecord>;

  constructor(rules: RuleSetName, nowMs: number, from?: Pick<Model, "agreements" | "books">) {
    this.rules = rules;
    this.nowMs = nowMs;
    this.agreements =
      from?.agreements ?? AGREEMENTS.map((terms) => ({ ...terms, startsAtMs: Date.parse(terms.startsAt) }));
    this.books = new Map(from?.books);
  }

  copy(): Model {
    return new Model(this.rules, this.nowMs, this);
  }

  meter(request: MeterRequest): Outcome {
    const error = this.#refusal(request);
    if (error !== undefined) return { error };
    // Rule K4: in order, as if each record came in a request of its own.
    return { verdicts: request.usageRecords.map((record) => this.#judge(record, request)) };
  }

  /** Whether the action is possible (200) or not any more (409). */
  act(action: "cancel" | "suspend" | "resume", agreementId: string): boolean {
    const agreement = this.agreements.find((candidate) => candidate.agreementId === agreementId);
    if (agreement === undefined) return false;
    const { cancelledAtMs, endsAtMs = Infinity, suspended = false } = agreement;
    const over = cancelledAtMs !== undefined || this.nowMs >= endsAtMs;
    if (action === "resume" ? !suspended : over || (action === "suspend" && suspended)) return false;
    this.put(
      action === "cancel" ? { ...agreement, cancelledAtMs: this.nowMs } : { ...agreement, suspended: !suspended },
    );
    return true;
  }

  put(agreement: ModelAgreement): void {
    const others = this.agreements.filter(({ agreementId }) => agreementId !== agreement.agreementId);
    this.agreements = [...others, agreement];
  }

  /** The refusals in their order: each line checks the whole request before the next line does. */
  #refusal({ region, productCode, usageRecords }: MeterRequest): string | undefined {
    if (usageRecords.length > 25) return "ValidationException"; // L2, L5
    if (region === "us-gov-west-1") return "DisabledApiException"; // R1
    for (const record of usageRecords) {
      if ((record.customerIdentifier === undefined) === (record.customerAccountId === undefined)) return IDENTITY; // I1
    }
    for (const { licenseArn, customerIdentifier } of usageRecords) {
      if (licenseArn === undefined) continue;
      if (productCode !== undefined) return PRODUCT; // I3
      if (customerIdentifier !== undefined) return IDENTITY; // I3
    }
    if (productCode === undefined && usageRecords.some(({ licenseArn }) => licenseArn === undefined)) return PRODUCT; // I2
    if (productCode === undefined && usageRecords.length === 0) return undefined;
    const products = new Set(
      productCode === undefined
        ? usageRecords.map((record) => this.#licensedProduct(record))
        : [PRODUCTS.find((product) => product.productCode === productCode && product.seller === SELLER)],
    );
    const [product] = products;
    const code = productCode === undefined ? "InvalidLicenseException" : PRODUCT;
    if (products.size > 1 || product === undefined) return code; // I5, P1
    if (product.type !== "saas") return code; // P2
    const unknown = (record: UsageRecord): boolean => record.licenseArn === undefined && !this.#isKnown(record);
    if (usageRecords.some(unknown)) return IDENTITY; // I4
    const metered = product.dimensions.filter(({ kind }) => kind === "metered").map(({ name }) => name);
    if (usageRecords.some(({ dimension }) => !metered.includes(dimension))) return "InvalidUsageDimensionException"; // U1
    if (usageRecords.some(({ timestampMs }) => this.#outOfBounds(timestampMs))) return "TimestampOutOfBoundsException";
    if (usageRecords.some(({ usageAllocations = [] }) => usageAllocations.some(repeatsKey)))
      return "InvalidTagException"; // A5
    if (usageRecords.some(repeatsBucket) || usageRecords.some(addsUpWrong)) return "InvalidUsageAllocationsException"; // A2, A1
    if (usageRecords.some((record) => this.#outOfTerm(record, region))) return "InvalidLicenseException"; // I6
    return undefined;
  }

  /** Rule I5: the product for which the record's customer has an agreement of the caller's with this licence. */
  #licensedProduct({ licenseArn, customerAccountId }: UsageRecord): ShopProduct | undefined {
    const agreement = this.agreements.find((candidate) => candidate.licenseArn === licenseArn);
    if (agreement === undefined || agreement.customerAccountId !== customerAccountId) return undefined;
    return PRODUCTS.find((product) => product.productCode === agreement.productCode && product.seller === SELLER);
  }

  /** Rule I4. */
  #isKnown(record: UsageRecord): boolean {
    const ours = PRODUCTS.filter(({ seller }) => seller === SELLER).map(({ productCode }) => productCode);
    return this.agreements.some((agreement) => ours.includes(agreement.productCode) && names(record, agreement));
  }

  /** Rules W1 to W4. */
  #outOfBounds(usedAtMs: number): boolean {
    const ageMs = this.nowMs - usedAtMs;
    if (ageMs < -900 * SECONDS) return true;
    if (this.rules === "classic") return ageMs > 6 * HOURS;
    const monthStart = startOfMonth(this.nowMs);
    return ageMs >= 24 * HOURS || (usedAtMs < monthStart && this.nowMs >= monthStart + 6 * HOURS);
  }

  /** Rule I6: outside the licence's term, or after its final hour. Kept records (K5) and cancelled agreements (G3) are exempt. */
  #outOfTerm(record: UsageRecord, region: string): boolean {
    const agreement = this.agreements.find(
      ({ licenseArn }) => licenseArn !== undefined && licenseArn === record.licenseArn,
    );
    if (agreement === undefined || agreement.cancelledAtMs !== undefined) return false;
    if (this.books.has(keyOf(record, undefined, region))) return false;
    return ["before", "after"].includes(this.#stage(agreement)) || !this.#covers(agreement, record.timestampMs);
  }

  #judge(usageRecord: UsageRecord, { productCode, region }: MeterRequest): Verdict {
    const key = keyOf(usageRecord, productCode, region);
    const kept = this.books.get(key);
    if (kept !== undefined) {
      const same = amountOf(kept.usageRecord) === amountOf(usageRecord);
      return { status: same ? "Success" : "DuplicateRecord", standing: kept }; // K2, K3, K5
    }
    const theirs = this.agreements.filter((agreement) =>
      usageRecord.licenseArn === undefined
        ? agreement.productCode === productCode && names(usageRecord, agreement)
        : agreement.licenseArn === usageRecord.licenseArn,
    );
    const open = theirs.some((agreement) => this.#isOpen(agreement));
    if (!open || !theirs.some((agreement) => this.#covers(agreement, usageRecord.timestampMs))) {
      return { status: "CustomerNotSubscribed" }; // G1 to G4
    }
    const of = productCode ?? theirs[0]?.productCode ?? "";
    const standing = { region, productCode: of, usageRecord, recordedAtMs: this.nowMs };
    this.books.set(key, standing);
    return { status: "Success", standing };
  }

  /** Rules G1, G3, G4: whether records may be sent now. */
  #isOpen(agreement: ModelAgreement): boolean {
    return this.#stage(agreement) === "open";
  }

  /** Rule G6: an agreement that is or will be replaced is over only when its replacement is. */
  #stage(agreement: ModelAgreement): "before" | "open" | "suspended" | "after" {
    const { startsAtMs, endsAtMs = Infinity, cancelledAtMs = Infinity, suspended = false, replacedBy } = agreement;
    if (this.nowMs < startsAtMs) return "before";
    if (this.nowMs >= cancelledAtMs + HOURS) return "after";
    if (this.nowMs >= endsAtMs + HOURS) {
      const next = this.agreements.find(({ agreementId }) => agreementId === replacedBy);
      if (next === undefined) return "after";
      const stage = this.#stage(next);
      if (stage === "suspended") return "suspended";
      if (stage === "after" || (stage === "before" && next.cancelledAtMs !== undefined)) return "after";
    }
    return suspended ? "suspended" : "open";
  }

  /**
   * Rules G2, G3: whether usage of a time belongs to the agreement. Usage ahead of the clock counts as present usage, except at
   * the edge between an agreement and its replacement (Rule G6).
   */
  #covers(agreement: ModelAgreement, timestampMs: number): boolean {
    const { startsAtMs, endsAtMs = Infinity, cancelledAtMs = Infinity, replaces, replacedBy } = agreement;
    const usedAtMs = Math.min(timestampMs, this.nowMs);
    if ((replaces === undefined ? usedAtMs : timestampMs) < startsAtMs) return false;
    if ((replacedBy === undefined ? usedAtMs : timestampMs) >= endsAtMs) return false;
    return usedAtMs < cancelledAtMs + HOURS;
  }
}

const IDENTITY = "InvalidCustomerIdentifierException";
const PRODUCT = "InvalidProductCodeException";

function names({ customerIdentifier, customerAccountId }: UsageRecord, agreement: ModelAgreement): boolean {
  return customerIdentifier === undefined
    ? agreement.customerAccountId === customerAccountId
    : agreement.customerIdentifier === customerIdentifier;
}

/** Rules K1, K6, K7. */
function keyOf(record: UsageRecord, productCode: string | undefined, region: string): string {
  const { timestampMs, customerIdentifier, customerAccountId, licenseArn, dimension } = record;
  const offering = licenseArn === undefined ? { productCode } : { licenseArn };
  return JSON.stringify({
    hour: startOfHour(timestampMs),
    region,
    offering,
    customerIdentifier,
    customerAccountId,
    dimension,
  });
}

/** Rule K2: what two records must have in common to be the same usage; allocations and tags may be in any order. */
function amountOf({ quantity = 0, usageAllocations }: UsageRecord): string {
  const buckets = usageAllocations?.map((allocation) => `${allocation.allocatedUsageQuantity} ${bucketOf(allocation)}`);
  return JSON.stringify([quantity, buckets?.toSorted()]);
}

const bucketOf = ({ tags = [] }: UsageAllocation): string =>
  JSON.stringify(tags.map(({ key, value }: Tag) => `${key}=${value}`).toSorted());

const repeats = (texts: readonly string[]): boolean => new Set(texts).size < texts.length;
const repeatsKey = ({ tags = [] }: UsageAllocation): boolean => repeats(tags.map(({ key }) => key));
const repeatsBucket = ({ usageAllocations = [] }: UsageRecord): boolean => repeats(usageAllocations.map(bucketOf));

function addsUpWrong({ quantity = 0, usageAllocations }: UsageRecord): boolean {
  return (
    usageAllocations !== undefined &&
    quantity !== usageAllocations.reduce((sum, part) => sum + part.allocatedUsageQuantity, 0)
  );
}

export const startOfHour = (atMs: number): number => Math.floor(atMs / HOURS) * HOURS;

export function startOfMonth(atMs: number, monthsOn = 0): number {
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + monthsOn, 1);
}
