/** What callers hand in and get back, and how it becomes the protocol's: times may be of any kind, and come back as dates. */
import {
  batchMeterUsage,
  meterUsage,
  registerUsage,
  resolveCustomer,
  usageRecordShape,
  type RegisterUsageInput,
  type ResolveCustomerInput,
  type ResolveCustomerOutput,
  type UsageAllocation,
  type UsageRecordStatus,
} from "@countinghouse/protocol";
import type { CallOperation } from "./call/caller.ts";
import { spellingOf } from "./spelling.ts";
import type { Time } from "./time.ts";
import { timedEncoderOf, timedReaderOf } from "./timed-shape.ts";

/** Usage of one dimension by one customer in one hour. */
export interface UsageRecord {
  /** When it was used. Sent in whole seconds; the service keeps one record per hour (UTC), customer and dimension. */
  readonly timestamp: Time;
  /** The dimension as it was published with the product: 1 to 255 characters. */
  readonly dimension: string;
  /** A whole number from 0 to 2,147,483,647, in the dimension's unit; 0 where it is absent. Undefined is refused. */
  readonly quantity?: number;
  /** The customer, by one of the two; the service keeps them apart, so use one of them for good. */
  readonly customerIdentifier?: string | undefined;
  /** The customer's AWS account id. */
  readonly customerAccountId?: string | undefined;
  /** The licence that the usage is on, for products with concurrent agreements; goes with `customerAccountId`. */
  readonly licenseArn?: string | undefined;
  /** The quantity split by tags, 1 to 2,500 parts that add up to it. */
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
}

export interface BatchMeterUsageInput {
  /** The product code; left out where the records have a `licenseArn`. */
  readonly productCode?: string | undefined;
  /** Up to 25, all of one product. */
  readonly usageRecords: readonly UsageRecord[];
}

/** A usage record as the service gives it back. */
export interface AnsweredUsageRecord extends Omit<UsageRecord, "timestamp"> {
  readonly timestamp: Date;
}

export interface UsageRecordResult {
  readonly usageRecord: AnsweredUsageRecord;
  /** Of the metering record that was kept; with `DuplicateRecord`, of the one that stands. */
  readonly meteringRecordId?: string | undefined;
  /** `Success` does not tell a new record from one that was kept before. */
  readonly status: UsageRecordStatus | (string & {});
}

export interface BatchMeterUsageOutput {
  readonly results: readonly UsageRecordResult[];
  /** What the service did not get to: to be sent again, which the SDKs do not do by themselves. `meterAll` does. */
  readonly unprocessedRecords: readonly AnsweredUsageRecord[];
}

export interface MeterUsageInput {
  readonly productCode: string;
  /** When it was used; see `UsageRecord`. */
  readonly timestamp: Time;
  readonly usageDimension: string;
  /** A whole number from 0 to 2,147,483,647; 0 where it is absent. Undefined is refused. */
  readonly usageQuantity?: number;
  /** Only ask whether the call would succeed: if so, the answer's `meteringRecordId` is `DryRunOperation` (Rule M7). */
  readonly dryRun?: boolean | undefined;
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
  /** 1 to 64 characters that stand for this request; made by the client where absent, as the SDKs do. */
  readonly clientToken?: string | undefined;
}

export interface MeterUsageOutput {
  /** The record's id; of a dry run, `DryRunOperation`. */
  readonly meteringRecordId?: string | undefined;
}

export interface RegisterUsageOutput {
  /** A JWT, to be checked with `verifyRegistration`. */
  readonly signature?: string | undefined;
  /** Present where the public key version has expired: since when. */
  readonly publicKeyRotationTimestamp?: Date | undefined;
}

export type { RegisterUsageInput, ResolveCustomerInput, ResolveCustomerOutput };

const readBatch = timedReaderOf<BatchMeterUsageOutput>(batchMeterUsage.output);
const meterText = timedEncoderOf(meterUsage.input);

const batchText = timedEncoderOf(batchMeterUsage.input);
const recordText = timedEncoderOf(usageRecordShape);
/** Of what a record may lack, so that a slip of the pen goes unseen; and how else it is called. */
const checkRecord = spellingOf(usageRecordShape, {
  quantity: ["qty", "usageQuantity"],
  usageAllocations: ["allocations"],
  licenseArn: [],
});
const checkMeter = spellingOf(meterUsage.input, {
  usageQuantity: ["qty", "quantity"],
  usageAllocations: ["allocations"],
  dryRun: [],
  clientToken: [],
});

export function batchMeterUsageBody(input: BatchMeterUsageInput): string {
  // What is no object, or no list, is told of by the encoder.
  if (typeof input !== "object" || input === null) return batchText(input);
  const { productCode, usageRecords } = input;
  if (Array.isArray(usageRecords)) usageRecords.forEach(checkRecord);
  return batchText({ productCode, usageRecords });
}

/** A token of the client's own makes a retry the same request to the service, too. */
export function meterUsageBody(input: MeterUsageInput, newToken: () => string): string {
  // By name: an object of a class may have none of these itself, and a spread would lose them.
  const { productCode, timestamp, usageDimension, dryRun, usageAllocations, clientToken } = input;
  checkMeter(input);
  const usage = { productCode, timestamp, usageDimension, dryRun, usageAllocations };
  const quantity = "usageQuantity" in input ? { usageQuantity: input.usageQuantity } : {};
  return meterText({ ...usage, ...quantity, clientToken: clientToken ?? newToken() });
}

export const registerUsageBody: (input: RegisterUsageInput) => string = timedEncoderOf(registerUsage.input);
export const resolveCustomerBody: (input: ResolveCustomerInput) => string = timedEncoderOf(resolveCustomer.input);

/** A usage record by itself as JSON text, its time fixed. */
export function usageRecordText(record: UsageRecord): string {
  checkRecord(record);
  return recordText(record);
}

export const operations = {
  batchMeterUsage: {
    name: batchMeterUsage.name,
    // Of two lists, either may be absent.
    read: (json) => ({ results: [], unprocessedRecords: [], ...readBatch(json) }),
  } as CallOperation<BatchMeterUsageOutput>,
  meterUsage: { name: meterUsage.name, read: timedReaderOf(meterUsage.output) } as CallOperation<MeterUsageOutput>,
  registerUsage: {
    name: registerUsage.name,
    read: timedReaderOf(registerUsage.output),
  } as CallOperation<RegisterUsageOutput>,
  resolveCustomer: {
    name: resolveCustomer.name,
    read: timedReaderOf(resolveCustomer.output),
  } as CallOperation<ResolveCustomerOutput>,
} as const;
