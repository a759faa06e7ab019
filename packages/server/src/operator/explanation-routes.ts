/** `/requests/{requestId}/explanation`: why a request was answered as it was. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import { explainRequest } from "../explain/explain-request.ts";
import { RECORD_OUTCOMES, type Explanation } from "../explain/explanation.ts";
import { agreementViewSchema } from "./agreement-routes.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { usageAllocationsSchema } from "./metering-routes.ts";
import { ProblemError, problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

const figures = z
  .record(z.string(), z.union([z.string(), z.number()]))
  .openapi({ description: "What was held against what." });

const ruleSchema = z
  .object({
    id: z.string(),
    text: z.string(),
    source: z.string(),
    inForce: z.object({
      from: z.string().optional(),
      until: z.string().optional(),
      before: z.string().optional().openapi({ description: "What held until then." }),
    }),
    reading: z.string().optional().openapi({ description: "Where sources are silent or disagree: our reading." }),
  })
  .openapi("Rule");

const usage = {
  timestamp,
  customerIdentifier: z.string().optional(),
  customerAccountId: z.string().optional(),
  licenseArn: z.string().optional(),
  dimension: z.string(),
  quantity: z.int(),
  usageAllocations: usageAllocationsSchema.optional(),
};

const recordSchema = z
  .object({
    record: z.int().openapi({ description: "Its place in the request, from 1." }),
    outcome: z.enum(RECORD_OUTCOMES),
    status: z.enum(["Success", "CustomerNotSubscribed", "DuplicateRecord"]).optional().openapi({
      description: "As it was answered; an unprocessed record has none.",
    }),
    meteringRecordId: z.string().optional(),
    sent: z.object(usage),
    rule: ruleSchema,
    compared: figures,
    kept: z
      .object({ ...usage, meteringRecordId: z.string(), requestId: z.string(), recordedAt: timestamp })
      .optional()
      .openapi({ description: "For replays and duplicates: the record that stands." }),
    agreements: z.array(agreementViewSchema).readonly().optional().openapi({
      description: "For customers who are not subscribed: their agreements for the product, as they are now.",
    }),
    hint: z.string().optional(),
  })
  .openapi("RecordExplanation");

const explanationSchema = z
  .object({
    requestId: z.string(),
    meteringRecordId: z.string().optional().openapi({ description: "Where one was asked about." }),
    at: timestamp.openapi({ description: "Service clock when it was kept." }),
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
        createdAt: timestamp.optional().openapi({ description: "When they were issued, where that is known." }),
      })
      .optional()
      .openapi({ description: "Of a call with temporary credentials: the resource that they were given to." }),
    sourceAddress: z.string(),
    userAgent: z.string(),
    event: z.string().openapi({ description: "The ledger's word for what came of it." }),
    summary: z.string().openapi({ description: "The same, in a sentence." }),
    refusal: z
      .object({ code: z.string(), message: z.string(), rule: ruleSchema.optional(), compared: figures })
      .optional(),
    records: z.array(recordSchema).readonly().optional(),
    faults: z
      .array(
        z.object({
          faultId: z.string(),
          kind: z.string(),
          delayMs: z.int().optional(),
          records: z.int().optional(),
        }),
      )
      .readonly()
      .optional()
      .openapi({ description: "Faults on demand that hit it." }),
    details: z.record(z.string(), z.unknown()).openapi({ description: "Whatever else the ledger says of it." }),
  })
  .openapi("Explanation");

export function explanationRoutes(app: OpenAPIHono<OperatorEnv>, { ledger }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/requests/{requestId}/explanation",
      tags: ["ledger"],
      summary: "Why a request was answered as it was: the rules, and the figures they compared",
      request: {
        params: z.object({
          requestId: z.string().openapi({ description: "A request's id, or that of a metering record it made." }),
        }),
      },
      responses: {
        200: {
          description: "The explanation",
          content: { "application/json": { schema: explanationSchema } },
        },
        ...problems(404),
      },
    }),
    async (c) => {
      const { requestId } = c.req.valid("param");
      const explanation = await explainRequest(ledger, requestId.toLowerCase());
      if (explanation === undefined) throw new ProblemError(404, notKept(requestId));
      return c.json(explanationView(explanation), 200);
    },
  );
}

function notKept(id: string): string {
  return `No request or metering record ${id} is kept. Requests that were refused before authentication, over a quota, or for want of room are not kept, nor are those refused by authentication beyond a few a minute, nor is what only reads through the operator API, or came before a reset.`;
}

function explanationView({ call, ...told }: Explanation): z.infer<typeof explanationSchema> {
  const { session, ...rest } = call;
  return { ...rest, ...(session === undefined ? {} : { session: sessionView(session) }), ...told };
}

function sessionView({ createdAtMs, ...session }: ResourceSession): z.infer<typeof explanationSchema>["session"] {
  return { ...session, ...(createdAtMs === undefined ? {} : { createdAt: new Date(createdAtMs).toISOString() }) };
}
