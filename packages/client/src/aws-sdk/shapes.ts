/** Inputs and outputs of the commands, in AWS's spelling. */
import type { ResponseMetadata } from "./exceptions.ts";

export interface Tag {
  Key: string | undefined;
  Value: string | undefined;
}

export interface UsageAllocation {
  AllocatedUsageQuantity: number | undefined;
  Tags?: Tag[] | undefined;
}

export interface UsageRecord {
  Timestamp: Date | undefined;
  CustomerIdentifier?: string | undefined;
  Dimension: string | undefined;
  Quantity?: number | undefined;
  UsageAllocations?: UsageAllocation[] | undefined;
  CustomerAWSAccountId?: string | undefined;
  LicenseArn?: string | undefined;
}

export const UsageRecordResultStatus = {
  CUSTOMER_NOT_SUBSCRIBED: "CustomerNotSubscribed",
  DUPLICATE_RECORD: "DuplicateRecord",
  SUCCESS: "Success",
} as const;
export type UsageRecordResultStatus = (typeof UsageRecordResultStatus)[keyof typeof UsageRecordResultStatus];

export interface UsageRecordResult {
  UsageRecord?: UsageRecord | undefined;
  MeteringRecordId?: string | undefined;
  Status?: UsageRecordResultStatus | undefined;
}

interface Answered {
  $metadata: ResponseMetadata;
}

export interface BatchMeterUsageCommandInput {
  UsageRecords: UsageRecord[] | undefined;
  ProductCode?: string | undefined;
}

export interface BatchMeterUsageCommandOutput extends Answered {
  Results?: UsageRecordResult[] | undefined;
  UnprocessedRecords?: UsageRecord[] | undefined;
}

export interface MeterUsageCommandInput {
  ProductCode: string | undefined;
  Timestamp: Date | undefined;
  UsageDimension: string | undefined;
  UsageQuantity?: number | undefined;
  DryRun?: boolean | undefined;
  UsageAllocations?: UsageAllocation[] | undefined;
  ClientToken?: string | undefined;
}

export interface MeterUsageCommandOutput extends Answered {
  MeteringRecordId?: string | undefined;
}

export interface RegisterUsageCommandInput {
  ProductCode: string | undefined;
  PublicKeyVersion: number | undefined;
  Nonce?: string | undefined;
}

export interface RegisterUsageCommandOutput extends Answered {
  PublicKeyRotationTimestamp?: Date | undefined;
  Signature?: string | undefined;
}

export interface ResolveCustomerCommandInput {
  RegistrationToken: string | undefined;
}

export interface ResolveCustomerCommandOutput extends Answered {
  CustomerIdentifier?: string | undefined;
  ProductCode?: string | undefined;
  CustomerAWSAccountId?: string | undefined;
  LicenseArn?: string | undefined;
}
