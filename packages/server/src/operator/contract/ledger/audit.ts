/** `/audit-events`: who did what, as CloudTrail records. `/audit-verification`: whether the trail is as it was written. */
import { z } from "zod";
import { details, pageSchema, pageQuery, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { EVENT_ORDERS } from "../values.ts";

export const auditEventSchema = z
  .object({
    eventVersion: z.literal("1.05"),
    userIdentity: z
      .looseObject({
        type: z.enum(["IAMUser", "AssumedRole", "WebIdentityUser", "Unknown", "Operator", "Reader", "BuyPage"]),
        principalId: z.string(),
        arn: z.string().optional(),
        accountId: z.string().optional(),
        accessKeyId: z.string().optional(),
        userName: z.string().optional(),
      })
      .describe("Who called. The operator, readers with a token of their own and the buy page are types of our own."),
    eventTime: timestamp.describe("Service clock when it was kept, to the second."),
    eventSource: z.string().describe("The service that was called, such as metering-marketplace.amazonaws.com."),
    eventName: z.string(),
    awsRegion: z.string().optional(),
    sourceIPAddress: z.string(),
    userAgent: z.string(),
    errorCode: z.string().optional().describe("Where it was refused: why."),
    errorMessage: z.string().optional(),
    requestParameters: details.nullable().describe("What was asked for, without tokens."),
    responseElements: details.nullable().describe("What was answered; null where it was refused, or only read."),
    additionalEventData: details.optional().describe("The rule and the figures behind it; faults that hit it."),
    serviceEventDetails: details.optional().describe("What happened, for an event that no call of the wire caused."),
    requestID: z.string(),
    eventID: z.string(),
    readOnly: z.boolean().optional().describe("Left out of MeterUsage and RegisterUsage."),
    resources: z.array(z.object({ type: z.string(), ARN: z.string() })).optional(),
    eventType: z.enum(["AwsApiCall", "AwsServiceEvent"]),
    recipientAccountId: z.string().optional(),
  })
  .meta({ id: "AuditEvent", description: "An audit event in CloudTrail's record form." });

/** An audit event in CloudTrail's record form. */
export type AuditEvent = Frozen<z.output<typeof auditEventSchema>>;

export const verificationSchema = z
  .object({
    intact: z.boolean(),
    entries: z.int().describe("Entries that were read and found as they were written."),
    heads: z
      .array(z.object({ lane: z.string(), seq: z.int(), link: z.string() }))
      .describe("Of each lane (a writer's chain) the newest entry that is in order, and its link (SHA-256)."),
    checkpoints: z.object({
      count: z.int(),
      newestAt: timestamp.optional(),
      file: z.string(),
      keyFingerprint: z.string().describe("Of the key that signs them: SHA-256 of the public key."),
    }),
    disagreement: z.string().optional().describe("The first thing that is not as it was written."),
  })
  .meta({ id: "AuditVerification" });

/** What a verification of the audit trail found. */
export type AuditVerification = Frozen<z.output<typeof verificationSchema>>;

export const auditRoutes = {
  "GET /audit-events": {
    tag: "ledger",
    showsTrail: true,
    command: "audit search",
    summary: "Audit events: who did what, and what came of it",
    description: "A page ends early, with a cursor, where its events are large.",
    query: pageQuery.extend({
      eventName: z.string().optional().describe("An operation, such as BatchMeterUsage."),
      accountId: z.string().optional().describe("The caller's account."),
      accessKeyId: z.string().optional(),
      productCode: z.string().optional(),
      from: timestamp.optional().describe("Included."),
      to: timestamp.optional().describe("Not included."),
      order: z.enum(EVENT_ORDERS).default("newest").describe("Which come first."),
    }),
    answer: {
      status: 200,
      description: "A page of audit events",
      json: pageSchema(auditEventSchema).extend({
        keptSince: timestamp.optional().describe("Events before this have expired (--retention-days)."),
      }),
    },
    problems: [400],
  },
  "GET /audit-verification": {
    tag: "audit",
    command: { none: "It answers at the end only; `audit verify` begins one that tells how far it has come." },
    summary: "Recompute the chains of all entries, and hold them against the checkpoints; metering goes on meanwhile",
    answer: { status: 200, description: "What was found", json: verificationSchema },
  },
} as const satisfies Routes;
