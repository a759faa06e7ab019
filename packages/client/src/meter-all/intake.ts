/**
 * Takes in the records: fixes their times, holds each against the rules that need no catalogue, and puts together those
 * with one key. What comes out are lines, each of which is sent as one usage record; or a verdict at once.
 */
import {
  ALLOCATIONS_MAX,
  HOUR_MS,
  QUANTITY_MAX,
  REQUEST_BYTES_LIMIT,
  TAGS_MAX,
  allocationFault,
  decoderOf,
  encoderOf,
  productCodeShape,
  usageRecordShape,
  type RuleId,
  type StructureShape,
  type UsageRecord as WireRecord,
} from "@countinghouse/protocol";
import { meteringErrorOf } from "../outcome.ts";
import { wireRecordOf, type UsageRecord } from "../operations.ts";
import type { Verdict } from "./result.ts";
import { summed } from "./sum.ts";

/** A usage record, and the product it is for. */
export interface MeterableRecord extends UsageRecord {
  /** The product code; by default that of the options. With a `licenseArn` it only says which records go together. */
  readonly productCode?: string | undefined;
}

/** What is sent as one usage record, and the places in the input that it stands for. */
export interface Line {
  readonly wire: WireRecord;
  /** What it takes in a request, as JSON. */
  readonly text: string;
  readonly bytes: number;
  readonly productCode: string | undefined;
  /** Records of one group may share a request. */
  readonly group: string;
  readonly key: string;
  readonly indices: readonly number[];
}

export type Decide = (index: number, verdict: Verdict) => void;

interface Taken {
  readonly wire: WireRecord;
  readonly productCode: string | undefined;
  readonly index: number;
}

export class Intake {
  readonly #decide: Decide;
  readonly #productCode: string | undefined;
  readonly #sums: boolean;
  readonly #byKey = new Map<string, Taken[]>();

  constructor(options: {
    readonly decide: Decide;
    readonly productCode: string | undefined;
    readonly sameKey: "sum" | "refuse";
  }) {
    this.#decide = options.decide;
    this.#productCode = options.productCode;
    this.#sums = options.sameKey === "sum";
  }

  /** Takes one record in, or decides it. */
  take(record: MeterableRecord, index: number): void {
    let wire: WireRecord;
    try {
      wire = wireRecordOf(record);
    } catch (error) {
      const { message } = meteringErrorOf(error, "InvalidInputError");
      this.#decide(index, refusal(undefined, "ValidationException", message));
      return;
    }
    const productCode = record.productCode ?? this.#productCode;
    const verdict = violation(wire, productCode);
    if (verdict !== undefined) {
      this.#decide(index, verdict);
      return;
    }
    const key = keyText(wire, productCode);
    const others = this.#byKey.get(key);
    if (others === undefined) this.#byKey.set(key, [{ wire, productCode, index }]);
    else others.push({ wire, productCode, index });
  }

  /** Once all are in: one line for each key. Records that share a key are summed or refused, never sent apart. */
  *lines(): Generator<Line> {
    for (const [key, taken] of this.#byKey) {
      const [first] = taken;
      if (first === undefined) continue;
      const wire = taken.length === 1 ? first.wire : this.#sum(taken);
      if (wire === undefined) continue;
      const text = recordText(wire);
      const bytes = new TextEncoder().encode(text).length;
      const indices = taken.map(({ index }) => index);
      const { productCode } = first;
      // A record that leaves no room for anything else in the smallest request is too large for any.
      if (bytes + ENVELOPE_BYTES >= REQUEST_BYTES_LIMIT) {
        const message = `The usage record takes ${bytes} bytes; a request must be smaller than ${REQUEST_BYTES_LIMIT} bytes.`;
        for (const index of indices) this.#decide(index, refusal("L1", "ValidationException", message));
        continue;
      }
      yield { wire, text, bytes, productCode, group: groupOf(wire, productCode), key, indices };
    }
    this.#byKey.clear();
  }

  #sum(taken: readonly Taken[]): WireRecord | undefined {
    const places = taken.map(({ index }) => index + 1).join(", ");
    let verdict: Verdict | undefined;
    let wire: WireRecord | undefined;
    if (this.#sums) {
      wire = summed(taken.map((one) => one.wire));
      verdict = violation(wire, taken[0]?.productCode);
    } else {
      const message = `Records ${places} have one key: hour, product or licence, customer and dimension. Only one of them could count, so none was sent.`;
      verdict = refusal("K1", "DuplicateRecord", message);
    }
    if (verdict === undefined) return wire;
    for (const { index } of taken) this.#decide(index, verdict);
    return undefined;
  }
}

/** Room for `{"UsageRecords":[…],"ProductCode":"…"}` with the longest product code. */
export const ENVELOPE_BYTES = 320;

const recordText = encoderOf(usageRecordShape);
const decodeRecord = decoderOf(usageRecordShape);
const productCodeOnly: StructureShape<{ readonly productCode: string }> = {
  kind: "structure",
  name: "ProductCode",
  members: { productCode: { wire: "ProductCode", required: true, shape: productCodeShape } },
};
const decodeProductCode = decoderOf(productCodeOnly);

/** The first rule that a record breaks, as the service would say it, as far as that needs no catalogue and no clock. */
function violation(wire: WireRecord, productCode: string | undefined): Verdict | undefined {
  const decoded = decodeRecord(JSON.parse(recordText(wire)));
  if (!decoded.ok) return refusal(ruleOf(wire), decoded.refusal.code, decoded.refusal.message);
  if ((wire.customerIdentifier === undefined) === (wire.customerAccountId === undefined)) {
    const message = "A usage record has exactly one of customerIdentifier and customerAccountId.";
    return refusal("I1", "InvalidCustomerIdentifierException", message);
  }
  if (wire.licenseArn !== undefined && wire.customerAccountId === undefined) {
    const message = "A usage record with a licenseArn names its customer by customerAccountId.";
    return refusal("I3", "InvalidCustomerIdentifierException", message);
  }
  if (wire.licenseArn === undefined) {
    if (productCode === undefined || productCode === "") {
      const message = "A usage record has a productCode or a licenseArn.";
      return refusal("I2", "InvalidProductCodeException", message);
    }
    const code = decodeProductCode({ ProductCode: productCode });
    if (!code.ok) return refusal(undefined, code.refusal.code, code.refusal.message);
  }
  const fault = allocationFault(wire);
  if (fault === undefined) return undefined;
  switch (fault.rule) {
    case "A5":
      return refusal("A5", "InvalidTagException", `Two tags of allocation ${fault.allocation} have the same key.`);
    case "A2": {
      const message = `Allocation ${fault.allocation} has the same tags as one before it.`;
      return refusal("A2", "InvalidUsageAllocationsException", message);
    }
    case "A1": {
      const message = `The allocated quantities add up to ${fault.sum}, the quantity is ${fault.quantity}.`;
      return refusal("A1", "InvalidUsageAllocationsException", message);
    }
  }
}

/** Constraints that have a rule of their own in the rule book; the others are the model's. */
function ruleOf({ quantity, usageAllocations }: WireRecord): RuleId | undefined {
  if (typeof quantity === "number" && quantity !== Math.floor(quantity)) return "D1";
  if (typeof quantity === "number" && (quantity < 0 || quantity > QUANTITY_MAX)) return "L3";
  if (Array.isArray(usageAllocations)) {
    if (usageAllocations.length > ALLOCATIONS_MAX) return "A3";
    if (usageAllocations.some(({ tags }) => Array.isArray(tags) && tags.length > TAGS_MAX)) return "A4";
  }
  return undefined;
}

/** Rule K1, but for the region, which is the client's own. Parts are quoted, so that no two keys have the same text. */
export function keyText(wire: WireRecord, productCode: string | undefined): string {
  const { licenseArn, customerAccountId, customerIdentifier, dimension, timestampMs } = wire;
  const hour = Math.floor(timestampMs / HOUR_MS);
  const offering = licenseArn === undefined ? productCode : "";
  return JSON.stringify([hour, offering, licenseArn, customerAccountId, customerIdentifier, dimension]);
}

/**
 * What may share a request: records of one product, all with a licence or none. Which product a licence is for is not
 * known here, so licences go apart unless the caller gives the product code, too.
 */
function groupOf({ licenseArn }: WireRecord, productCode: string | undefined): string {
  if (licenseArn === undefined) return `product ${productCode}`;
  return productCode === undefined ? `licence ${licenseArn}` : `licences of ${productCode}`;
}

export function refusal(rule: RuleId | undefined, errorName: string, message: string): Verdict {
  return { status: "refused", refusedBy: "client", rule, errorName, message };
}
