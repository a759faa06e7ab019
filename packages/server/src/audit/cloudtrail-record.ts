/**
 * A ledger entry as a CloudTrail record, so that programs that read CloudTrail can read this audit trail. Rules V8, V9.
 *
 * Records are made when they are read, and never stored: the ledger entry is the only copy of the event.
 */
import { isoSecond } from "@countinghouse/protocol";
import type { LedgerEntry } from "../ledger/entry.ts";
import { attributesOf } from "../ledger/entry-attributes.ts";
import { eventId } from "../ledger/ids.ts";
import { READ_TRAIL, auditedOperation, ownSources } from "./audited-operations.ts";
import { detailsOf, type EventDetails } from "./event-details.ts";
import { userIdentityOf, type UserIdentity } from "./user-identity.ts";

export interface CloudTrailRecord extends EventDetails {
  readonly eventVersion: "1.05";
  readonly userIdentity: UserIdentity;
  /** In whole seconds. */
  readonly eventTime: string;
  readonly eventSource: string;
  readonly eventName: string;
  /** Absent where the call had no region. */
  readonly awsRegion: string | undefined;
  readonly sourceIPAddress: string;
  readonly userAgent: string;
  readonly requestID: string;
  readonly eventID: string;
  /** Absent for calls whose published samples have no such member. */
  readonly readOnly: boolean | undefined;
  readonly resources: readonly RecordResource[] | undefined;
  readonly eventType: "AwsApiCall" | "AwsServiceEvent";
  /** The account whose LookupEvents finds the event; absent where the event came by no call of the wire. */
  readonly recipientAccountId: string | undefined;
}

interface RecordResource {
  readonly type: string;
  readonly ARN: string;
}

/** The only type of resource; its name is the product code. Rule V2. */
export const PRODUCT_RESOURCE_TYPE = "AWS::Marketplace::Product";

export function cloudTrailRecord(entry: LedgerEntry): CloudTrailRecord {
  const { atMs, call } = entry;
  const operation = auditedOperation(call.operation);
  const caller = call.operation === READ_TRAIL ? "operator" : call.principal;
  const ownSource = Object.hasOwn(ownSources, caller) ? ownSources[caller] : undefined;
  const eventSource = ownSource ?? operation?.eventSource ?? "unknown.countinghouse";
  const { errorCode, errorMessage, additionalEventData, serviceEventDetails, ...details } = detailsOf(entry);
  const { productCode } = attributesOf(entry);
  return {
    eventVersion: "1.05",
    userIdentity: userIdentityOf(call),
    eventTime: isoSecond(atMs),
    eventSource,
    eventName: call.operation,
    awsRegion: call.region,
    // What the server does by itself has no address.
    sourceIPAddress: call.sourceAddress === "" ? eventSource : call.sourceAddress,
    userAgent: call.userAgent,
    errorCode,
    errorMessage,
    ...details,
    additionalEventData,
    serviceEventDetails,
    requestID: call.requestId,
    eventID: eventId(call.requestId),
    readOnly: saysReadOnly(entry) ? isReadOnly(entry) : undefined,
    resources: productCode === undefined ? undefined : [productResource(productCode)],
    eventType: ownSource === undefined ? "AwsApiCall" : "AwsServiceEvent",
    recipientAccountId: ownSource === undefined ? call.accountId : undefined,
  };
}

/** Whether a call only read. Rule V9. */
export function isReadOnly({ call }: LedgerEntry): boolean {
  if (call.operation === READ_TRAIL) return true;
  return !Object.hasOwn(ownSources, call.principal) && auditedOperation(call.operation)?.readOnly === true;
}

/** Calls of resources are written without `readOnly`, as in their samples. */
function saysReadOnly({ call }: LedgerEntry): boolean {
  return auditedOperation(call.operation)?.caller !== "resource";
}

function productResource(productCode: string): RecordResource {
  return { type: PRODUCT_RESOURCE_TYPE, ARN: `arn:aws:aws-marketplace:::product/${productCode}` };
}
