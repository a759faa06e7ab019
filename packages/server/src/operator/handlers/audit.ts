/** Audit events, and whether the trail is as it was written. */
import { iso, timeOf } from "@countinghouse/protocol";
import type { CloudTrailRecord } from "../../audit/cloudtrail-record.ts";
import type { AuditVerification as Found } from "../../checkpoints/audit-verification.ts";
import type { OperatorContext } from "../context.ts";
import type { AuditEvent, AuditVerification, auditRoutes } from "../contract/ledger/audit.ts";
import type { AnswerTo } from "../contract/routes.ts";
import type { Handlers } from "../serve-routes.ts";

export function auditHandlers(context: OperatorContext): Handlers<keyof typeof auditRoutes> {
  const { ledger, eventPages, keeping } = context;
  let running: Promise<Found> | undefined;
  return {
    "GET /audit-events": async ({ query }): Promise<AnswerTo<"GET /audit-events">> => {
      const { items, nextCursor } = await eventPages.read({
        operations: query.eventName === undefined ? undefined : [query.eventName],
        accountId: query.accountId,
        accessKeyId: query.accessKeyId,
        productCode: query.productCode,
        fromMs: query.from === undefined ? undefined : timeOf(query.from),
        toMs: query.to === undefined ? undefined : timeOf(query.to),
        order: query.order,
        cursor: query.cursor,
        limit: query.limit,
      });
      return {
        items: items.map(({ record }) => eventView(record)),
        nextCursor,
        keptSince: iso(await ledger.keptSince()),
      };
    },
    "GET /audit-verification": async () => {
      // A verification reads the whole ledger, so a request that comes while one is under way gets its result.
      running ??= keeping.verifyAudit().finally(() => (running = undefined));
      return verificationView(await running);
    },
  };
}

/** Written member by member, in CloudTrail's order, so that the compiler finds where contract and trail differ. */
function eventView(record: CloudTrailRecord): AuditEvent {
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

function verificationView({ intact, entries, heads, checkpoints, disagreement }: Found): AuditVerification {
  const { count, newestAt, file, keyFingerprint } = checkpoints;
  return {
    intact,
    entries,
    heads: heads.map(({ lane, seq, link }) => ({ lane, seq, link })),
    checkpoints: { count, newestAt, file, keyFingerprint },
    disagreement,
  };
}
