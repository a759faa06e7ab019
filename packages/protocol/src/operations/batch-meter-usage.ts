/** BatchMeterUsage: a SaaS application meters a set of customers of one product. */
import { BATCH_RECORDS_MAX } from "../limits.ts";
import { meteringService } from "../service.ts";
import type { StructureShape } from "../shapes.ts";
import { operationNames, type Operation } from "./operation.ts";
import { productCodeShape, usageRecordShape, type UsageRecord } from "./usage-record.ts";

export interface BatchMeterUsageInput {
  readonly usageRecords: readonly UsageRecord[];
  readonly productCode?: string;
}

/** What became of one record: it was kept (or is a replay of a kept one), or was not kept, and why. */
export type UsageRecordStatus = "Success" | "CustomerNotSubscribed" | "DuplicateRecord";

export interface UsageRecordResult {
  readonly usageRecord: UsageRecord;
  /** Present for `Success`, and for `DuplicateRecord`, where it names the record that stands. */
  readonly meteringRecordId?: string;
  readonly status: UsageRecordStatus;
}

export interface BatchMeterUsageOutput {
  /** One result for each record that was decided, in the order of the request. */
  readonly results: readonly UsageRecordResult[];
  /** Records that were not decided, because of trouble of the service: send these again. */
  readonly unprocessedRecords: readonly UsageRecord[];
}

const usageRecordResultShape: StructureShape<UsageRecordResult> = {
  kind: "structure",
  name: "UsageRecordResult",
  members: {
    usageRecord: { wire: "UsageRecord", shape: usageRecordShape },
    meteringRecordId: { wire: "MeteringRecordId", shape: { kind: "string" } },
    status: { wire: "Status", shape: { kind: "string" } },
  },
};

export const batchMeterUsage: Operation<BatchMeterUsageInput, BatchMeterUsageOutput> = {
  ...operationNames(meteringService, "BatchMeterUsage"),
  summary: "A seller submits the usage of customers of a SaaS product, up to 25 records a request.",
  caller: "account",
  readOnly: false,
  quota: { requestsPerSecond: 10, rule: "Q2" },
  refuses: ["R1", "I1", "I3", "I2", "P1", "I5", "P2", "I4", "U1", "W3", "W1", "W4", "W2", "A5", "A2", "A1", "I6"],
  input: {
    kind: "structure",
    name: "BatchMeterUsageRequest",
    members: {
      usageRecords: {
        wire: "UsageRecords",
        required: true,
        shape: { kind: "list", member: usageRecordShape, lengthMin: 0, lengthMax: BATCH_RECORDS_MAX },
      },
      productCode: { wire: "ProductCode", shape: productCodeShape },
    },
  },
  output: {
    kind: "structure",
    name: "BatchMeterUsageResult",
    members: {
      results: { wire: "Results", shape: { kind: "list", member: usageRecordResultShape } },
      unprocessedRecords: { wire: "UnprocessedRecords", shape: { kind: "list", member: usageRecordShape } },
    },
  },
};
