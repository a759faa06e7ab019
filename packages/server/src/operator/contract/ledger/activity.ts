/** `/activity`: every call and change that is kept, as it is kept. */
import { z } from "zod";
import type { Frozen, Routes } from "../route.ts";
import { timestamp } from "../common.ts";
import { ACTIVITY_READERS_MAX, OUTCOMES } from "../values.ts";
import { auditEventSchema } from "./audit.ts";

export const outcome = z
  .enum(OUTCOMES)
  .describe("`partly`: a usage record of it was a duplicate, not subscribed, or given back unprocessed.");

/** The statuses of a call's usage records, with their numbers. A status with no records is left out. */
export const recordCounts = z.object({
  accepted: z.int().optional(),
  replay: z.int().optional(),
  duplicate: z.int().optional(),
  notSubscribed: z.int().optional(),
  unprocessed: z.int().optional(),
});

const activityItemSchema = auditEventSchema
  .extend({
    at: timestamp.describe("Service clock when it was kept, to the millisecond."),
    productCode: z.string().optional().describe("The product that it is about, where it is about one."),
    outcome,
    reason: z.string().optional().describe("Where it was not `ok`: why, in one sentence."),
    records: recordCounts.optional(),
  })
  .meta({ id: "ActivityItem" });

/** A call or a change in the activity: an audit event, with its outcome. */
export type ActivityItem = Frozen<z.output<typeof activityItemSchema>>;

const activityGapSchema = z
  .object({
    from: z.string().optional().describe("The id of the last event before the gap; left out where there was none."),
    to: z.string().optional().describe("The id of the last event that was left out, where that is known."),
    reason: z.string(),
  })
  .meta({ id: "ActivityGap" });

/** Events were left out. A reader that needs them reads on from `from` with `Last-Event-ID`, or asks `/audit-events`. */
export type ActivityGap = Frozen<z.output<typeof activityGapSchema>>;

export const activityRoutes = {
  "GET /activity": {
    tag: "ledger",
    showsTrail: true,
    command: "activity tail",
    summary: "Every kept call and change, as it is kept: server-sent events",
    description: `Each event's \`id\` is the time of its entry and its request id, and how far the chains had come. Whoever sends it back as the header \`Last-Event-ID\` reads on from there: an event may come again, and none is left out. An event of the kind \`gap\` says what was left out for a reader that was too slow, and that it goes on from now. A comment comes every 15 seconds. At most ${ACTIVITY_READERS_MAX} read at once; more are answered 503 with \`Retry-After\`.`,
    query: z.object({
      operation: z.string().max(128).optional().describe("Only this operation, such as BatchMeterUsage."),
      accountId: z.string().max(64).optional().describe("Only calls of this account."),
      accessKeyId: z.string().max(128).optional().describe("Only calls that were signed with this access key."),
      productCode: z.string().max(255).optional().describe("Only what is about this product."),
      outcome: z.enum(OUTCOMES).optional().describe("Only what came to this."),
    }),
    answer: {
      status: 200,
      description: "Server-sent events, without an end",
      events: { message: activityItemSchema, gap: activityGapSchema },
    },
    problems: [400],
  },
} as const satisfies Routes;
