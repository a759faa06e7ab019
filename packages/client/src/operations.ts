/** What callers hand in and get back, and how it becomes the protocol's: times may be of any kind, and come back as dates. */
import {
  batchMeterUsage,
  meterUsage,
  productCodeShape,
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

/** What was used, and when; `When` is the kind of time. */
interface Usage<When> {
  /** When it was used. Sent in whole seconds; the service keeps one record per hour (UTC), customer and dimension. */
  readonly timestamp: When;
  /** The dimension as it was published with the product: 1 to 255 characters. */
  readonly dimension: string;
  /** A whole number from 0 to 2,147,483,647, in the dimension's unit; 0 where it is absent. Undefined is refused. */
  readonly quantity?: number;
  /** The quantity split by tags, 1 to 2,500 parts that add up to it. */
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
}

/** The customer by the identifier that `resolveCustomer` gives. The two spaces are apart: use one of them for good. */
export interface ByCustomerIdentifier {
  readonly customerIdentifier: string;
  readonly customerAccountId?: undefined;
  readonly licenseArn?: undefined;
}

/** The customer by the AWS account, and the licence. The two spaces are apart: use one of them for good. */
export interface ByCustomerAccount {
  /** The customer's AWS account id, 12 digits. */
  readonly customerAccountId: string;
  readonly customerIdentifier?: undefined;
  /** The licence that the usage is on, for products with concurrent agreements. */
  readonly licenseArn?: string | undefined;
}

/** Exactly one of the two (Rule I1). */
export type UsageCustomer = ByCustomerIdentifier | ByCustomerAccount;

/** Usage of one dimension by one customer in one hour. */
export type UsageRecord = Usage<Time> & UsageCustomer;

/** A usage record as the service gives it back; it can be sent as it is. */
export type AnsweredUsageRecord = Usage<Date> & UsageCustomer;

export interface BatchMeterUsageInput {
  /** The product code; left out where the records have a `licenseArn`. */
  readonly productCode?: string | undefined;
  /** Up to 25, all of one product. */
  readonly usageRecords: readonly UsageRecord[];
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
const registerText = timedEncoderOf(registerUsage.input);
const resolveText = timedEncoderOf(resolveCustomer.input);

/** What a record may lack, so that a slip of the pen goes unseen; and how else it is called. */
const WATCHED = { quantity: ["qty", "usageQuantity"], usageAllocations: ["allocations"], licenseArn: [] };
const checkBatch = spellingOf(batchMeterUsage.input, WATCHED);
const checkMeterable = spellingOf(
  {
    ...usageRecordShape,
    members: { ...usageRecordShape.members, productCode: { wire: "ProductCode", shape: productCodeShape } },
  },
  WATCHED,
);
const checkMeter = spellingOf(meterUsage.input, {
  usageQuantity: ["qty", "quantity"],
  usageAllocations: ["allocations"],
  dryRun: [],
  clientToken: [],
});
const checkRegister = spellingOf(registerUsage.input);
const checkResolve = spellingOf(resolveCustomer.input);

export function batchMeterUsageBody(input: BatchMeterUsageInput): string {
  checkBatch(input);
  // What is no object, or no list, is told of by the encoder.
  if (typeof input !== "object" || input === null) return batchText(input);
  const { productCode, usageRecords } = input;
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

export function registerUsageBody(input: RegisterUsageInput): string {
  checkRegister(input);
  return registerText(input);
}

export function resolveCustomerBody(input: ResolveCustomerInput): string {
  checkResolve(input);
  return resolveText(input);
}

/** A usage record by itself as JSON text, its time fixed; a product code may stand beside it. */
export function usageRecordText(record: UsageRecord): string {
  checkMeterable(record);
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
