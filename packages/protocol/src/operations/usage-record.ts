/** Usage as sellers send it, and its shapes. The metering operations share them. */
import { ALLOCATIONS_MAX, QUANTITY_MAX, TAGS_MAX } from "../limits.ts";
import type { EpochMs, IntegerShape, ListShape, StringShape, StructureShape } from "../shapes.ts";

export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** A part of a usage record's quantity, for one set of tags. The empty set is one, too. */
export interface UsageAllocation {
  readonly allocatedUsageQuantity: number;
  readonly tags?: readonly Tag[];
}

/**
 * Usage of one dimension by one customer in one hour, as a seller sends it.
 *
 * `quantity` defaults to 0. Exactly one of `customerIdentifier` and `customerAccountId` is given (Rule I1).
 */
export interface UsageRecord {
  readonly timestampMs: EpochMs;
  readonly customerIdentifier?: string;
  readonly dimension: string;
  readonly quantity?: number;
  readonly usageAllocations?: readonly UsageAllocation[];
  readonly customerAccountId?: string;
  readonly licenseArn?: string;
}

const quantity: IntegerShape = { kind: "integer", min: 0, max: QUANTITY_MAX };

/** The model's own pattern; ` -=` in it is a range of characters (0x20–0x3D), wider than the prose says. */
const TAG_PATTERN = "^[a-zA-Z0-9+ -=._:\\/@]+$";

const tagShape: StructureShape<Tag> = {
  kind: "structure",
  name: "Tag",
  members: {
    key: {
      wire: "Key",
      required: true,
      shape: { kind: "string", lengthMin: 1, lengthMax: 100, pattern: TAG_PATTERN },
    },
    value: {
      wire: "Value",
      required: true,
      shape: { kind: "string", lengthMin: 1, lengthMax: 256, pattern: TAG_PATTERN },
    },
  },
};

const usageAllocationShape: StructureShape<UsageAllocation> = {
  kind: "structure",
  name: "UsageAllocation",
  members: {
    allocatedUsageQuantity: { wire: "AllocatedUsageQuantity", required: true, shape: quantity },
    tags: { wire: "Tags", shape: { kind: "list", member: tagShape, lengthMin: 1, lengthMax: TAGS_MAX } },
  },
};

export const usageAllocationsShape: ListShape = {
  kind: "list",
  member: usageAllocationShape,
  lengthMin: 1,
  lengthMax: ALLOCATIONS_MAX,
};

export const quantityShape: IntegerShape = quantity;

/** An empty product code is valid here, as in the model, and is refused as InvalidProductCodeException (Rule P1). */
export const productCodeShape: StringShape = {
  kind: "string",
  lengthMin: 0,
  lengthMax: 255,
  pattern: "^[-a-zA-Z0-9/=:_.@]*$",
};

export const dimensionShape: StringShape = { kind: "string", lengthMin: 1, lengthMax: 255, pattern: "[\\s\\S]+" };

const LICENSE_ARN_PATTERN =
  "^arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,1023}$";

export const usageRecordShape: StructureShape<UsageRecord> = {
  kind: "structure",
  name: "UsageRecord",
  members: {
    timestampMs: { wire: "Timestamp", required: true, shape: { kind: "timestamp" } },
    customerIdentifier: {
      wire: "CustomerIdentifier",
      shape: { kind: "string", lengthMin: 0, lengthMax: 255, pattern: "[\\s\\S]*" },
    },
    dimension: { wire: "Dimension", required: true, shape: dimensionShape },
    quantity: { wire: "Quantity", shape: quantity },
    usageAllocations: { wire: "UsageAllocations", shape: usageAllocationsShape },
    customerAccountId: {
      wire: "CustomerAWSAccountId",
      shape: { kind: "string", lengthMin: 1, lengthMax: 255, pattern: "^[0-9]+$" },
    },
    licenseArn: { wire: "LicenseArn", shape: { kind: "string", pattern: LICENSE_ARN_PATTERN } },
  },
};
