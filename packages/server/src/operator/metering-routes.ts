/** Registration tokens and metering records. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { HOUR_MS } from "@countinghouse/protocol";
import { timeOf } from "../domain/written-values.ts";
import { sealToken } from "../identity/registration-tokens.ts";
import type { ListedRecord } from "../ledger/ledger.ts";
import { issueRegistrationToken } from "../operations/issue-registration-token.ts";
import { listMeteringRecords } from "../operations/list-metering-records.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { pageQuery, pageSchema } from "./page.ts";
import { ProblemError, bodyProblems, problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

export const usageAllocationsSchema = z
  .array(
    z.object({
      allocatedUsageQuantity: z.int(),
      tags: z
        .array(z.object({ key: z.string(), value: z.string() }))
        .readonly()
        .optional(),
    }),
  )
  .readonly();

const meteringRecordSchema = z
  .object({
    meteringRecordId: z.string(),
    productCode: z.string(),
    licenseArn: z.string().optional(),
    customerIdentifier: z.string().optional(),
    customerAccountId: z.string().optional(),
    dimension: z.string(),
    quantity: z.int(),
    resourceId: z.string().optional().openapi({ description: "Whose use it is; left out where a seller metered it." }),
    accrued: z.literal(true).optional().openapi({
      description:
        "Running time that the control plane metered: the quantity is seconds, of adjustments below zero too.",
    }),
    hour: timestamp.openapi({ description: "The hour in which the record is unique." }),
    timestamp: timestamp.openapi({ description: "The time of the usage, as sent." }),
    region: z.string(),
    recordedAt: timestamp.openapi({ description: "Service clock when it was kept." }),
    requestId: z.string(),
    usageAllocations: usageAllocationsSchema.optional(),
  })
  .openapi("MeteringRecord");

export function meteringRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, sealer }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "post",
      path: "/registration-tokens",
      tags: ["metering"],
      summary: "A registration token for an agreement, as a buyer's browser would bring it to the seller",
      request: {
        body: {
          required: true,
          content: { "application/json": { schema: z.strictObject({ agreementId: z.string() }) } },
        },
      },
      responses: {
        201: {
          description: "The token",
          content: {
            "application/json": { schema: z.object({ registrationToken: z.string(), expiresAt: timestamp }) },
          },
        },
        ...bodyProblems(404),
      },
    }),
    async (c) => {
      const { agreementId } = c.req.valid("json");
      const token = await issueRegistrationToken(ledger, c.var.call("IssueRegistrationToken"), agreementId, (claims) =>
        sealToken(sealer, claims),
      );
      if (token === undefined) throw new ProblemError(404, `No agreement ${agreementId}.`);
      return c.json({ registrationToken: token.registrationToken, expiresAt: iso(token.expiresAtMs) }, 201);
    },
  );

  app.openapi(
    createRoute({
      method: "get",
      path: "/metering-records",
      tags: ["metering"],
      summary: "What the ledger holds, by hour",
      request: {
        query: pageQuery.extend({
          productCode: z.string().optional(),
          customerAccountId: z.string().optional(),
          dimension: z.string().optional(),
          from: timestamp.optional().openapi({ description: "The hour this lies in is the first one." }),
          to: timestamp.optional().openapi({ description: "Hours that begin before this are included." }),
        }),
      },
      responses: {
        200: {
          description: "A page of metering records",
          content: { "application/json": { schema: pageSchema(meteringRecordSchema) } },
        },
        ...problems(400),
      },
    }),
    async (c) => {
      const { from, to, ...query } = c.req.valid("query");
      const page = await listMeteringRecords(ledger, {
        ...query,
        fromMs: from === undefined ? undefined : timeOf(from),
        toMs: to === undefined ? undefined : timeOf(to),
      });
      return c.json({ items: page.items.map(meteringRecordView), nextCursor: page.nextCursor }, 200);
    },
  );
}

function meteringRecordView(kept: ListedRecord): z.infer<typeof meteringRecordSchema> {
  const { usageRecord, key } = kept;
  return {
    meteringRecordId: kept.meteringRecordId,
    productCode: kept.productCode,
    licenseArn: usageRecord.licenseArn,
    customerIdentifier: usageRecord.customerIdentifier,
    customerAccountId: usageRecord.customerAccountId,
    dimension: usageRecord.dimension,
    quantity: usageRecord.quantity ?? 0,
    ...(kept.resourceId === undefined ? {} : { resourceId: kept.resourceId }),
    ...(kept.accrued === true ? { accrued: true } : {}),
    hour: iso(key.hour * HOUR_MS),
    timestamp: iso(usageRecord.timestampMs),
    region: key.region,
    recordedAt: iso(kept.recordedAtMs),
    requestId: kept.requestId,
    usageAllocations: usageRecord.usageAllocations,
  };
}

function iso(atMs: number): string {
  return new Date(atMs).toISOString();
}
