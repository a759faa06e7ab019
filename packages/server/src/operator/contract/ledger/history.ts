/** The history of one agreement, and of one resource hour by hour. */
import { z } from "zod";
import { pageQuery, pageSchema, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { USE_HOURS_MAX } from "../values.ts";

const changeSchema = z.object({
  member: z.string(),
  from: z.unknown().optional().describe("Left out where it had none."),
  to: z.unknown().optional().describe("Left out where it has none any more."),
});

const lifeEventSchema = z
  .object({
    at: timestamp,
    what: z
      .enum([
        "added",
        "changed",
        "cancelled",
        "suspended",
        "resumed",
        "removed",
        "replaced",
        "token-issued",
        "resolved",
      ])
      .describe("`resolved`: the seller asked whose registration token it was."),
    requestId: z.string(),
    principal: z.string(),
    operation: z.string(),
    changed: z
      .array(changeSchema)
      .optional()
      .describe("What is other than before; left out where that is too far back, or has expired."),
    replacedBy: z.string().optional().describe("The agreement that goes on with it."),
  })
  .meta({ id: "AgreementLifeEvent" });
/** Something that happened to an agreement. */
export type AgreementLifeEvent = Frozen<z.output<typeof lifeEventSchema>>;

const hourOfUse = z.object({
  hour: timestamp,
  productCode: z.string(),
  dimension: z.string(),
  seconds: z.int().describe("As they are in the ledger, adjustments included."),
  adjustments: z.int().optional().describe("How many of the records are adjustments."),
  final: z.boolean().describe("Whether the hour's use is in the ledger; what is not is reckoned as things stand."),
});

const resourceUseSchema = z
  .object({
    resourceId: z.string(),
    from: timestamp,
    to: timestamp,
    hours: z.array(hourOfUse),
    units: z
      .array(z.object({ hour: timestamp, productCode: z.string(), dimension: z.string(), quantity: z.int() }))
      .describe("What the resource metered of itself."),
  })
  .meta({ id: "ResourceUse" });
/** The use of a resource, hour by hour. */
export type ResourceUse = Frozen<z.output<typeof resourceUseSchema>>;

export const historyRoutes = {
  "GET /agreements/{id}/history": {
    tag: "catalogue",
    showsTrail: true,
    command: "agreement history",
    summary: "What happened to an agreement, newest first",
    description: "A page may have fewer items than were asked for, or none, and a cursor.",
    query: pageQuery,
    answer: { status: 200, description: "A page of what happened", json: pageSchema(lifeEventSchema) },
    problems: [400, 404],
  },
  "GET /resources/{id}/use": {
    tag: "resources",
    command: "resource use",
    summary: "What a resource has used, hour by hour",
    query: z.object({
      from: timestamp.optional().describe("The hour this lies in is the first one; left out: a day before `to`."),
      to: timestamp
        .optional()
        .describe(
          `Hours that begin before this are included; left out: now. At most ${USE_HOURS_MAX} hours after \`from\`.`,
        ),
    }),
    answer: { status: 200, description: "The use", json: resourceUseSchema },
    problems: [400, 404],
  },
} as const satisfies Routes;
