/** `/requests/{requestId}/explanation`: why a request was answered as it was. */
import { z } from "zod";
import { agreementSchema } from "../catalogue/agreement.ts";
import { details, timestamp } from "../common.ts";
import { usageAllocations } from "./metering.ts";
import type { Frozen, Routes } from "../route.ts";

const figures = z.record(z.string(), z.union([z.string(), z.number()])).describe("The figures that the rule compared.");

const ruleSchema = z
  .object({
    id: z.string(),
    text: z.string(),
    source: z.string(),
    inForce: z.object({
      from: z.string().optional(),
      until: z.string().optional(),
      before: z.string().optional().describe("What held until then."),
    }),
    reading: z.string().optional().describe("Where sources are silent or disagree: our reading."),
  })
  .meta({ id: "Rule" });

const usage = {
  timestamp,
  customerIdentifier: z.string().optional(),
  customerAccountId: z.string().optional(),
  licenseArn: z.string().optional(),
  dimension: z.string(),
  quantity: z.int(),
  usageAllocations: usageAllocations.optional(),
};

const recordSchema = z
  .object({
    record: z.int().describe("Its place in the request, from 1."),
    outcome: z.enum(["accepted", "replay", "duplicate", "not-subscribed", "unprocessed"]),
    status: z
      .enum(["Success", "CustomerNotSubscribed", "DuplicateRecord"])
      .optional()
      .describe("As it was answered; an unprocessed record has none."),
    meteringRecordId: z.string().optional(),
    sent: z.object(usage),
    rule: ruleSchema,
    compared: figures,
    kept: z
      .object({ ...usage, meteringRecordId: z.string(), requestId: z.string(), recordedAt: timestamp })
      .optional()
      .describe("For replays and duplicates: the record that stands."),
    agreements: z
      .array(agreementSchema)
      .optional()
      .describe("For customers who are not subscribed: their agreements for the product, as they are now."),
    hint: z.string().optional(),
  })
  .meta({ id: "RecordExplanation" });

const refusalSchema = z.object({
  code: z.string(),
  message: z.string(),
  rule: ruleSchema.optional(),
  compared: figures,
});

export const explanationSchema = z
  .object({
    requestId: z.string(),
    meteringRecordId: z.string().optional().describe("Where one was asked about."),
    at: timestamp.describe("Service clock when it was kept."),
    operation: z.string(),
    principal: z.string(),
    accountId: z.string().optional(),
    accessKeyId: z.string().optional(),
    region: z.string().optional(),
    session: z
      .object({
        resourceId: z.string(),
        platform: z.string(),
        federatedProvider: z.string().optional(),
        createdAt: timestamp.optional().describe("When they were issued, where that is known."),
      })
      .optional()
      .describe("The metered resource whose session credentials signed the call."),
    sourceAddress: z.string(),
    userAgent: z.string(),
    event: z.string().describe("The ledger's word for what came of it."),
    summary: z.string().describe("The same, in a sentence."),
    refusal: refusalSchema.optional(),
    records: z.array(recordSchema).optional(),
    faults: z
      .array(
        z.object({
          faultId: z.string(),
          kind: z.string(),
          delayMs: z.int().optional(),
          records: z.int().optional(),
        }),
      )
      .optional()
      .describe("Faults on demand that hit it."),
    details: details.describe("Whatever else the ledger says of it."),
  })
  .meta({ id: "Explanation" });

/** Why a request was answered as it was. */
export type Explanation = Frozen<z.output<typeof explanationSchema>>;
/** What became of one usage record of a request, and why. */
export type RecordExplanation = Frozen<z.output<typeof recordSchema>>;
/** Why a request was refused as a whole. */
export type RefusalExplanation = Frozen<z.output<typeof refusalSchema>>;
/** A rule of the rule book. */
export type Rule = Frozen<z.output<typeof ruleSchema>>;

export const explanationRoutes = {
  "GET /requests/{requestId}/explanation": {
    tag: "ledger",
    showsTrail: true,
    command: "explain",
    summary: "Why a request was answered as it was: the rules, and the figures they compared",
    params: { requestId: "A request's id, or that of a metering record it made." },
    answer: { status: 200, description: "The explanation", json: explanationSchema },
    problems: [404],
  },
} as const satisfies Routes;
