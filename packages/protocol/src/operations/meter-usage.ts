/** MeterUsage: an EC2 instance, ECS task or EKS pod meters its own use, for its buyer's account. */
import { meteringService } from "../service.ts";
import type { EpochMs } from "../shapes.ts";
import { operationNames, type Operation } from "./operation.ts";
import {
  dimensionShape,
  productCodeShape,
  quantityShape,
  usageAllocationsShape,
  type UsageAllocation,
} from "./usage-record.ts";

export interface MeterUsageInput {
  readonly productCode: string;
  readonly timestampMs: EpochMs;
  readonly usageDimension: string;
  readonly usageQuantity?: number;
  readonly dryRun?: boolean;
  readonly usageAllocations?: readonly UsageAllocation[];
  /** SDKs add one to every call. */
  readonly clientToken?: string;
}

export interface MeterUsageOutput {
  readonly meteringRecordId?: string;
}

/** The answer, in place of a record's id, to a dry run that would have succeeded. Rule M7. */
export const DRY_RUN_RECORD_ID = "DryRunOperation";

export const meterUsage: Operation<MeterUsageInput, MeterUsageOutput> = {
  ...operationNames(meteringService, "MeterUsage"),
  summary: "A resource submits its own usage.",
  caller: "resource",
  readOnly: false,
  quota: { requestsPerSecond: 10, rule: "Q2" },
  refuses: ["X1", "M1", "M2", "P2", "M3", "U1", "W3", "W1", "A5", "A2", "A1", "M4", "M5", "M6"],
  input: {
    kind: "structure",
    name: "MeterUsageRequest",
    members: {
      productCode: { wire: "ProductCode", required: true, shape: productCodeShape },
      timestampMs: { wire: "Timestamp", required: true, shape: { kind: "timestamp" } },
      usageDimension: { wire: "UsageDimension", required: true, shape: dimensionShape },
      usageQuantity: { wire: "UsageQuantity", shape: quantityShape },
      dryRun: { wire: "DryRun", shape: { kind: "boolean" } },
      usageAllocations: { wire: "UsageAllocations", shape: usageAllocationsShape },
      clientToken: { wire: "ClientToken", shape: { kind: "string", lengthMin: 1, lengthMax: 64 } },
    },
  },
  output: {
    kind: "structure",
    name: "MeterUsageResult",
    members: { meteringRecordId: { wire: "MeteringRecordId", shape: { kind: "string" } } },
  },
};
