/**
 * Takes in the records: reads each once, into a copy with its time fixed, holds it against the rules that need no
 * catalogue, and puts together those with one key. What comes out are lines, each of which is sent as one usage record; or
 * a verdict at once.
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
import { invalidInput, meteringErrorOf } from "../outcome.ts";
import { usageRecordText, type UsageRecord } from "../operations.ts";
import { numbersText } from "./numbering.ts";
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
    let reading: Reading;
    let productCode: string | undefined;
    try {
      const text = usageRecordText(record);
      productCode = textOf(record.productCode ?? this.#productCode);
      reading = readingOf(text, productCode);
    } catch (error) {
      // Whatever a record turns out to be, it is the only one that is refused for it.
      const { message } = meteringErrorOf(error, "InvalidInputError");
      reading = { verdict: refusal(undefined, "ValidationException", message) };
    }
    const { wire, verdict } = reading;
    if (wire === undefined) {
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
      const { wire, verdict }: Reading = taken.length === 1 ? first : this.#together(taken);
      if (wire === undefined) {
        for (const { index } of taken) this.#decide(index, verdict);
        continue;
      }
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

  #together(taken: readonly Taken[]): Reading {
    if (this.#sums) return readingOf(recordText(summed(taken.map(({ wire }) => wire))), taken[0]?.productCode);
    const places = numbersText(taken.map(({ index }) => index));
    const message = `Records ${places} have one key: hour, product or licence, customer and dimension. Only one of them could count, so none was sent.`;
    return { verdict: refusal("K1", "DuplicateRecord", message) };
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

/** With a licence a product code is not sent, and so not held against a shape; but it names a group. */
function textOf(productCode: unknown): string | undefined {
  if (productCode === undefined || typeof productCode === "string") return productCode;
  throw invalidInput(`productCode must be a string; it is of type ${typeof productCode}.`);
}

/** A record that may be sent, or what is said of it instead. */
type Reading =
  | { readonly wire: WireRecord; readonly verdict?: undefined }
  | { readonly wire?: undefined; readonly verdict: Verdict };

/**
 * Reads a record from its text as the service would. What comes out is a copy: what was checked is what is sent, whatever
 * its owner does to the record later.
 */
function readingOf(text: string, productCode: string | undefined): Reading {
  const json = JSON.parse(text) as WireJson;
  const decoded = decodeRecord(json);
  if (!decoded.ok) return { verdict: refusal(ruleOf(json), decoded.refusal.code, decoded.refusal.message) };
  const verdict = violation(decoded.value, productCode);
  return verdict === undefined ? { wire: decoded.value } : { verdict };
}

/** The first rule that a record breaks, as the service would say it, as far as that needs no catalogue and no clock. */
function violation(wire: WireRecord, productCode: string | undefined): Verdict | undefined {
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

/** As much of a usage record on the wire as the encoder vouches for. */
interface WireJson {
  readonly Quantity?: number;
  readonly UsageAllocations?: readonly { readonly Tags?: readonly unknown[] }[];
}

/** Constraints that have a rule of their own in the rule book; the others are the model's. */
function ruleOf({ Quantity: quantity = 0, UsageAllocations: allocations = [] }: WireJson): RuleId | undefined {
  if (quantity !== Math.floor(quantity)) return "D1";
  if (quantity < 0 || quantity > QUANTITY_MAX) return "L3";
  if (allocations.length > ALLOCATIONS_MAX) return "A3";
  if (allocations.some(({ Tags: tags = [] }) => tags.length > TAGS_MAX)) return "A4";
  return undefined;
}

/** What of a usage record makes its key. */
type Keyed = Pick<WireRecord, "timestampMs" | "dimension"> &
  Pick<UsageRecord, "licenseArn" | "customerAccountId" | "customerIdentifier">;

/** Rule K1, but for the region, which is the client's own. Parts are quoted, so that no two keys have the same text. */
export function keyText(record: Keyed, productCode: string | undefined): string {
  const { licenseArn, customerAccountId, customerIdentifier, dimension, timestampMs } = record;
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

function refusal(rule: RuleId | undefined, errorName: string, message: string): Verdict {
  return { status: "refused", refusedBy: "client", rule, errorName, message };
}
