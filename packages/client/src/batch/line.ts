/**
 * A usage record that may be sent. It is read once, into a copy with its time fixed, and checked against the rules that need
 * neither catalogue nor clock. The checked copy is what is sent, whatever the program does to the record later.
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
import { usageRecordText, type BatchMeterUsageInput, type UsageRecord } from "../operations.ts";
import type { Verdict } from "./result.ts";

/** A usage record, and the product that it is for. */
export type MeterableRecord = UsageRecord & {
  /** The product code; by default the one in the options. With a `licenseArn` it only says which records may share a request. */
  readonly productCode?: string | undefined;
};

/** What is sent as one usage record. */
export interface Line {
  /** The record as it is sent; its time is in milliseconds since the epoch, and in whole seconds. */
  readonly wire: WireRecord;
  /** Its size in a request, in bytes. */
  readonly bytes: number;
  readonly productCode: string | undefined;
  /** Records of one group may share a request. */
  readonly group: string;
  /** Of two lines with one key (Rule K1, without the region) the service keeps only one, so they must not be sent apart. */
  readonly key: string;
}

/** A line, or the verdict on a record that cannot be sent. */
export type LineReading =
  | { readonly line: Line; readonly verdict?: undefined }
  | { readonly line?: undefined; readonly verdict: Verdict };

/** Reads a record. Never throws: an unreadable record is refused alone. */
export function lineOf(record: MeterableRecord, productCode?: string): LineReading {
  try {
    return readingOf(usageRecordText(record), textOf(record.productCode ?? productCode));
  } catch (error) {
    const { message } = meteringErrorOf(error, "InvalidInputError");
    return { verdict: refusal(undefined, "ValidationException", message) };
  }
}

/** The line of a record that was summed from others, for the same product. */
export function lineOfWire(wire: WireRecord, productCode: string | undefined): LineReading {
  return readingOf(recordText(wire), productCode);
}

/** The request that sends these lines, which are of one group and at most 25. */
export function batchInputOf(lines: readonly Line[]): BatchMeterUsageInput {
  const usageRecords = lines.map(({ wire }) => usageRecordOf(wire));
  const [first] = lines;
  if (first?.wire.licenseArn !== undefined || first?.productCode === undefined) return { usageRecords };
  return { usageRecords, productCode: first.productCode };
}

/** The usage record of a line, which has exactly one customer. */
function usageRecordOf(wire: WireRecord): UsageRecord {
  const { timestampMs, customerIdentifier, customerAccountId = "", licenseArn, ...usage } = wire;
  const timestamp = new Date(timestampMs);
  if (customerIdentifier !== undefined) return { ...usage, timestamp, customerIdentifier };
  return { ...usage, timestamp, customerAccountId, licenseArn };
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
const encoder = new TextEncoder();

/** With a licence, the product code is not sent, so it is not checked against its shape; but it names a group. */
function textOf(productCode: unknown): string | undefined {
  if (productCode === undefined || typeof productCode === "string") return productCode;
  throw invalidInput(`productCode must be a string; it is of type ${typeof productCode}.`);
}

/** Reads a record from its text, as the service would. */
function readingOf(text: string, productCode: string | undefined): LineReading {
  const json = JSON.parse(text) as WireJson;
  const decoded = decodeRecord(json);
  if (!decoded.ok) return { verdict: refusal(ruleOf(json), decoded.refusal.code, decoded.refusal.message) };
  const wire = decoded.value;
  const verdict = violation(wire, productCode);
  if (verdict !== undefined) return { verdict };
  const bytes = encoder.encode(text).length;
  // A record that is too large for a request of its own is too large for any request.
  if (bytes + ENVELOPE_BYTES >= REQUEST_BYTES_LIMIT) {
    const message = `The usage record takes ${bytes} bytes; a request must be smaller than ${REQUEST_BYTES_LIMIT} bytes.`;
    return { verdict: refusal("L1", "ValidationException", message) };
  }
  return { line: { wire, bytes, productCode, group: groupOf(wire, productCode), key: keyText(wire, productCode) } };
}

/** The first rule that a record breaks, in the service's order and words, as far as that needs neither catalogue nor clock. */
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

/** The members of a usage record on the wire that the encoder has checked. */
interface WireJson {
  readonly Quantity?: number;
  readonly UsageAllocations?: readonly { readonly Tags?: readonly unknown[] }[];
}

/** Constraints with a rule of their own in the rule book; all others are the model's. */
function ruleOf({ Quantity: quantity = 0, UsageAllocations: allocations = [] }: WireJson): RuleId | undefined {
  if (quantity !== Math.floor(quantity)) return "D1";
  if (quantity < 0 || quantity > QUANTITY_MAX) return "L3";
  if (allocations.length > ALLOCATIONS_MAX) return "A3";
  if (allocations.some(({ Tags: tags = [] }) => tags.length > TAGS_MAX)) return "A4";
  return undefined;
}

/** The members of a usage record that make its key. */
type Keyed = Pick<WireRecord, "timestampMs" | "dimension"> & {
  readonly [Name in "licenseArn" | "customerAccountId" | "customerIdentifier"]?: string | undefined;
};

/** Rule K1 without the region, which is the client's own. The parts are quoted, so that no two keys have the same text. */
export function keyText(record: Keyed, productCode: string | undefined): string {
  const { licenseArn, customerAccountId, customerIdentifier, dimension, timestampMs } = record;
  const hour = Math.floor(timestampMs / HOUR_MS);
  const offering = licenseArn === undefined ? productCode : "";
  return JSON.stringify([hour, offering, licenseArn, customerAccountId, customerIdentifier, dimension]);
}

/**
 * The group of a record: records of one product may share a request if all have a licence or none has. The client does not know
 * which product a licence is for. So each licence is a group of its own, unless the program gives the product code, too.
 */
function groupOf({ licenseArn }: WireRecord, productCode: string | undefined): string {
  if (licenseArn !== undefined && productCode === undefined) return `licence ${licenseArn}`;
  const group = `${licenseArn === undefined ? "product" : "licences of"} ${productCode}`;
  // Successive records mostly share a group, and so its text: millions of equal texts would be hundreds of megabytes.
  if (group !== lastGroup) lastGroup = group;
  return lastGroup;
}

let lastGroup = "";

export function refusal(rule: RuleId | undefined, errorName: string, message: string): Verdict {
  return { status: "refused", refusedBy: "client", rule, errorName, message };
}
