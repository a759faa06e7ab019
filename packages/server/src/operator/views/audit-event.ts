/** An audit event as the operator API shows it. */
import type { CloudTrailRecord } from "../../audit/cloudtrail-record.ts";
import type { AuditEvent } from "../contract/ledger/audit.ts";

/** Written member by member, in CloudTrail's order, so that the compiler finds where contract and trail differ. */
export function auditEventView(record: CloudTrailRecord): AuditEvent {
  return {
    eventVersion: record.eventVersion,
    userIdentity: { ...record.userIdentity },
    eventTime: record.eventTime,
    eventSource: record.eventSource,
    eventName: record.eventName,
    awsRegion: record.awsRegion,
    sourceIPAddress: record.sourceIPAddress,
    userAgent: record.userAgent,
    errorCode: record.errorCode,
    errorMessage: record.errorMessage,
    requestParameters: record.requestParameters && { ...record.requestParameters },
    responseElements: record.responseElements && { ...record.responseElements },
    additionalEventData: record.additionalEventData && { ...record.additionalEventData },
    serviceEventDetails: record.serviceEventDetails && { ...record.serviceEventDetails },
    requestID: record.requestID,
    eventID: record.eventID,
    readOnly: record.readOnly,
    resources: record.resources,
    eventType: record.eventType,
    recipientAccountId: record.recipientAccountId,
  };
}
