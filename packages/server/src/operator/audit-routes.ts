/** `/audit-events`: who did what, as CloudTrail records. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { timeOf } from "../domain/written-values.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { pageQuery, pageSchema } from "./page.ts";
import { problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

const details = z.record(z.string(), z.unknown());

const auditEventSchema = z
  .object({
    eventVersion: z.literal("1.05"),
    userIdentity: z
      .looseObject({
        type: z.enum(["IAMUser", "AssumedRole", "WebIdentityUser", "Unknown", "Operator", "BuyPage"]),
        principalId: z.string(),
        arn: z.string().optional(),
        accountId: z.string().optional(),
        accessKeyId: z.string().optional(),
        userName: z.string().optional(),
      })
      .openapi({ description: "Who called. The operator and the buy page are types of our own." }),
    eventTime: timestamp.openapi({ description: "Service clock when it was kept, to the second." }),
    eventSource: z
      .string()
      .openapi({ description: "The service that was called, such as metering-marketplace.amazonaws.com." }),
    eventName: z.string(),
    awsRegion: z.string().optional(),
    sourceIPAddress: z.string(),
    userAgent: z.string(),
    errorCode: z.string().optional().openapi({ description: "Where it was refused: why." }),
    errorMessage: z.string().optional(),
    requestParameters: details.nullable().openapi({ description: "What was asked for, without tokens." }),
    responseElements: details
      .nullable()
      .openapi({ description: "What was answered; null where it was refused, or only read." }),
    additionalEventData: details
      .optional()
      .openapi({ description: "The rule and the figures behind it; faults that hit it." }),
    serviceEventDetails: details
      .optional()
      .openapi({ description: "Of what came by no call of the wire: what happened." }),
    requestID: z.string(),
    eventID: z.string(),
    readOnly: z.boolean().optional().openapi({ description: "Left out of MeterUsage and RegisterUsage." }),
    resources: z
      .array(z.object({ type: z.string(), ARN: z.string() }))
      .readonly()
      .optional(),
    eventType: z.enum(["AwsApiCall", "AwsServiceEvent"]),
    recipientAccountId: z.string().optional(),
  })
  .openapi("AuditEvent", { description: "An audit event in CloudTrail's record form." });

const auditPageSchema = pageSchema(auditEventSchema).extend({
  keptSince: timestamp.optional().openapi({ description: "Events before this have expired (--retention-days)." }),
});

export function auditRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, eventPages }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/audit-events",
      tags: ["ledger"],
      summary: "Audit events: who did what, and what came of it",
      description: "A page ends early, with a cursor, where its events are large.",
      request: {
        query: pageQuery.extend({
          eventName: z.string().optional().openapi({ description: "An operation, such as BatchMeterUsage." }),
          accountId: z.string().optional().openapi({ description: "The caller's account." }),
          accessKeyId: z.string().optional(),
          productCode: z.string().optional(),
          from: timestamp.optional().openapi({ description: "Included." }),
          to: timestamp.optional().openapi({ description: "Not included." }),
          order: z.enum(["newest", "oldest"]).default("newest").openapi({ description: "Which come first." }),
        }),
      },
      responses: {
        200: {
          description: "A page of audit events",
          content: { "application/json": { schema: auditPageSchema } },
        },
        ...problems(400),
      },
    }),
    async (c) => {
      const { eventName, from, to, ...query } = c.req.valid("query");
      const { items, nextCursor } = await eventPages.read({
        ...query,
        operations: eventName === undefined ? undefined : [eventName],
        fromMs: from === undefined ? undefined : timeOf(from),
        toMs: to === undefined ? undefined : timeOf(to),
      });
      const keptSinceMs = await ledger.keptSince();
      const keptSince = keptSinceMs === undefined ? undefined : new Date(keptSinceMs).toISOString();
      const records = items.map(({ record }) => record as z.infer<typeof auditEventSchema>);
      return c.json({ items: records, nextCursor, keptSince }, 200);
    },
  );
}
