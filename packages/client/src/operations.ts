/** The inputs and outputs of calls, and their conversion to the protocol's: times may be of any kind, and come back as dates. */
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

/** What was used, and when; `When` is the type of the time. */
interface Usage<When> {
  /** When it was used. Sent in whole seconds; the service keeps one record for each hour (UTC), customer and dimension. */
  readonly timestamp: When;
  /** The dimension as it was published with the product: 1 to 255 characters. */
  readonly dimension: string;
  /** A whole number from 0 to 2,147,483,647, in the dimension's unit; 0 where it is absent. Undefined is refused. */
  readonly quantity?: number;
  /** The quantity divided by tags: 1 to 2,500 allocations that add up to it. */
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
}

/** The customer by the identifier of `resolveCustomer`. Keys by identifier and by account differ: use one of them for good. */
export interface ByCustomerIdentifier {
  readonly customerIdentifier: string;
  readonly customerAccountId?: undefined;
  readonly licenseArn?: undefined;
}

/** The customer by its AWS account, and the licence. Keys by identifier and by account differ: use one of them for good. */
export interface ByCustomerAccount {
  /** The customer's AWS account id, 12 digits. */
  readonly customerAccountId: string;
  readonly customerIdentifier?: undefined;
  /** The licence under which the usage is, for products with concurrent agreements. */
  readonly licenseArn?: string | undefined;
}

/** Exactly one of the two (Rule I1). */
export type UsageCustomer = ByCustomerIdentifier | ByCustomerAccount;

/** Usage of one dimension by one customer in one hour. */
export type UsageRecord = Usage<Time> & UsageCustomer;

/** A usage record as the service gives it back; it can be sent unchanged. */
export type AnsweredUsageRecord = Usage<Date> & UsageCustomer;

export interface BatchMeterUsageInput {
  /** The product code; left out where the records have a `licenseArn`. */
  readonly productCode?: string | undefined;
  /** Up to 25, all of one product. */
  readonly usageRecords: readonly UsageRecord[];
}

export interface UsageRecordResult {
  readonly usageRecord: AnsweredUsageRecord;
  /** The id of the kept metering record; with `DuplicateRecord`, of the one that stands. */
  readonly meteringRecordId?: string | undefined;
  /** `Success` does not distinguish a new record from one that was kept before. */
  readonly status: UsageRecordStatus | (string & {});
}

export interface BatchMeterUsageOutput {
  readonly results: readonly UsageRecordResult[];
  /** Records that the service did not get to. They must be sent again, which SDKs do not do by themselves; `meterAll` does. */
  readonly unprocessedRecords: readonly AnsweredUsageRecord[];
}

export interface MeterUsageInput {
  readonly productCode: string;
  /** When it was used; see `UsageRecord`. */
  readonly timestamp: Time;
  readonly usageDimension: string;
  /** A whole number from 0 to 2,147,483,647; 0 where it is absent. Undefined is refused. */
  readonly usageQuantity?: number;
  /** Only asks whether the call would succeed: if so, the answer's `meteringRecordId` is `DryRunOperation` (Rule M7). */
  readonly dryRun?: boolean | undefined;
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
  /** 1 to 64 characters that stand for this request; where it is absent, the client makes one, as the SDKs do. */
  readonly clientToken?: string | undefined;
}

export interface MeterUsageOutput {
  /** The record's id; for a dry run, `DryRunOperation`. */
  readonly meteringRecordId?: string | undefined;
}

export interface RegisterUsageOutput {
  /** A JWT, to be checked with `verifyRegistration`. */
  readonly signature?: string | undefined;
  /** When the public key version expired, if it has. */
  readonly publicKeyRotationTimestamp?: Date | undefined;
}

export type { RegisterUsageInput, ResolveCustomerInput, ResolveCustomerOutput };

const readBatch = timedReaderOf<BatchMeterUsageOutput>(batchMeterUsage.output);
const meterText = timedEncoderOf(meterUsage.input);

const batchText = timedEncoderOf(batchMeterUsage.input);
const recordText = timedEncoderOf(usageRecordShape);
const registerText = timedEncoderOf(registerUsage.input);
const resolveText = timedEncoderOf(resolveCustomer.input);

/** Members that a record may lack, so that a misspelt name would not be noticed; and other names for them. */
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
  // The encoder reports an input that is no object, or no list.
  if (typeof input !== "object" || input === null) return batchText(input);
  const { productCode, usageRecords } = input;
  return batchText({ productCode, usageRecords });
}

/** The client adds a token of its own, so that a retry is the same request to the service. */
export function meterUsageBody(input: MeterUsageInput, newToken: () => string): string {
  // Read by name: an object may inherit its members from a class, and a spread would lose them.
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

/** A single usage record as JSON text, with its time fixed; a product code may be beside it. */
export function usageRecordText(record: UsageRecord): string {
  checkMeterable(record);
  return recordText(record);
}

export const operations = {
  batchMeterUsage: {
    name: batchMeterUsage.name,
    // Either list may be absent.
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
