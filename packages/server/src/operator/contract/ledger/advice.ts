/** `/advice`: what sellers' programs do wrong, though each of their calls may have succeeded. */
import { z } from "zod";
import { countText, timestamp } from "../common.ts";
import type { Frozen, Routes } from "../route.ts";
import { EVENT_ORDERS, EVIDENCE_DEFAULT, EVIDENCE_MAX } from "../values.ts";

const adviceSchema = z
  .object({
    id: z.string().describe("The mistake, such as unit-per-event."),
    title: z.string(),
    accountId: z.string().describe("The seller's; of a token that was tried in vain, the caller's."),
    productCode: z.string(),
    harm: z.string().describe("What it leads to."),
    rightWay: z.string(),
    source: z.string(),
    count: z.int().describe("Calls or records that show it."),
    evidence: z
      .array(z.object({ requestId: z.string(), at: timestamp, shows: z.string() }))
      .describe("Of them, as many as were asked for; explain says more of each."),
  })
  .meta({ id: "Advice" });

const adviceAnswer = z
  .object({
    items: z.array(adviceSchema),
    from: timestamp,
    to: timestamp,
    entriesRead: z.int(),
    completeFrom: timestamp
      .optional()
      .describe("Present where there are too many entries: those before this time were not looked at."),
  })
  .meta({ id: "AdviceAnswer" });

/** A mistake that a seller's program makes, and the requests that show it. */
export type Advice = Frozen<z.output<typeof adviceSchema>>;
export type AdviceAnswer = Frozen<z.output<typeof adviceAnswer>>;

export const adviceRoutes = {
  "GET /advice": {
    tag: "ledger",
    showsTrail: true,
    command: "advise",
    summary: "What sellers' programs do wrong, by mistake, with the requests that show it",
    description:
      "Of the last seven days of the service clock, or of the time that is asked for, and of the newest 10,000 metering calls at most. What a refusal has said is not said again.",
    query: z.object({
      accountId: z.string().optional().describe("Only of this seller."),
      productCode: z.string().optional(),
      from: timestamp.optional().describe("Included. Left out: seven days before the end."),
      to: timestamp.optional().describe("Not included. Left out: now."),
      order: z.enum(EVENT_ORDERS).default("oldest").describe("Which evidence comes first."),
      evidence: countText(EVIDENCE_MAX, EVIDENCE_DEFAULT).describe("How much of it is told, of each mistake."),
    }),
    answer: { status: 200, description: "The advice", json: adviceAnswer },
    problems: [400],
  },
} as const satisfies Routes;
