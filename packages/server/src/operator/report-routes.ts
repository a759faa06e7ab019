/** `/reports`: what sellers are told of the use of their products. */
import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { MONTH_EXPECTED } from "../domain/written-values.ts";
import { monthOf } from "../reports/month.ts";
import { usageByInstanceType, type UsageRow } from "../reports/usage-by-instance-type.ts";
import { currencyOf, offeringOf, unitOf, usageCsv } from "../reports/usage-columns.ts";
import type { OperatorContext, OperatorEnv } from "./context.ts";
import { ProblemError, problems } from "./problem.ts";
import { timestamp } from "./timestamp.ts";

const seconds = z.string().regex(/^-?\d+$/);

const usageRowSchema = z.object({
  customerReferenceId: z.string().optional().openapi({ description: "The customer identifier, where there is one." }),
  customerAccountId: z.string().optional(),
  productCode: z.string(),
  productTitle: z.string().optional(),
  sellerAccountId: z.string().optional(),
  pricing: z.string().optional(),
  dimension: z.string(),
  usageUnits: z.string().openapi({ description: "Decimals: counted units, or hours." }),
  usageUnitType: z.string(),
  seconds: z
    .object({ final: seconds, adjustments: seconds, provisional: seconds })
    .optional()
    .openapi({ description: "Of running time, by how sure it is; the units are the hours that all of them make." }),
  offeringDescription: z.string().optional(),
  estimatedRevenue: z.string().optional().openapi({
    description:
      "Decimals, by the prices of the hours of use, rounded once, half to even, to eight places; left out where there was no price.",
  }),
  currency: z.string().optional(),
});

const usageReportSchema = z
  .object({
    month: z.string(),
    asOf: timestamp.openapi({ description: "Service clock: what runs is reckoned up to here." }),
    keptSince: timestamp.optional().openapi({
      description:
        "Present where a part of the month may be missing: what was recorded before this has expired (--retention-days). With CSV it is the header Kept-Since.",
    }),
    rows: z.array(usageRowSchema),
  })
  .openapi("UsageReport");

export function reportRoutes(app: OpenAPIHono<OperatorEnv>, { ledger, clock }: OperatorContext): void {
  app.openapi(
    createRoute({
      method: "get",
      path: "/reports/usage-by-instance-type",
      tags: ["reports"],
      summary: "A month's usage: a row for each customer, product and dimension",
      description:
        "CSV, with the columns of AWS's report of this name, or JSON where that is asked for by format or by Accept. A month that is not over is fine: running time that is not final yet is included.",
      request: {
        query: z.object({
          month: z.string().optional().openapi({ description: "Needed; such as 2026-03." }),
          format: z.enum(["csv", "json"]).optional(),
          sellerAccountId: z.string().optional().openapi({ description: "Only products of this account." }),
        }),
      },
      responses: {
        200: {
          description: "The report",
          content: { "text/csv": { schema: z.string() }, "application/json": { schema: usageReportSchema } },
        },
        ...problems(400),
      },
    }),
    async (c) => {
      const { month: text, format, sellerAccountId } = c.req.valid("query");
      const month = monthOf(text ?? "");
      if (month === undefined) throw new ProblemError(400, `month ${MONTH_EXPECTED}.`);
      const report = await usageByInstanceType(ledger, month, clock.nowMs(), sellerAccountId);
      const keptSince = report.keptSinceMs === undefined ? undefined : new Date(report.keptSinceMs).toISOString();
      if (format === "json" || (format === undefined && wantsJson(c.req.header("accept")))) {
        const asOf = new Date(report.atMs).toISOString();
        return c.json({ month: report.month, asOf, keptSince, rows: report.rows.map(usageRowView) }, 200);
      }
      return c.body(usageCsv(report), 200, {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="usage-by-instance-type-${month.name}.csv"`,
        ...(keptSince === undefined ? {} : { "Kept-Since": keptSince }),
      });
    },
  );
}

function wantsJson(accept = ""): boolean {
  return accept.includes("application/json") && !accept.includes("text/csv");
}

function usageRowView(row: UsageRow): z.infer<typeof usageRowSchema> {
  const {
    customerIdentifier,
    customerAccountId,
    productCode,
    product,
    pricing,
    dimension,
    usageUnits,
    estimatedRevenue,
  } = row;
  return {
    customerReferenceId: customerIdentifier,
    customerAccountId,
    productCode,
    productTitle: product?.title,
    sellerAccountId: product?.seller,
    pricing,
    dimension,
    usageUnits,
    usageUnitType: unitOf(row),
    seconds: row.seconds,
    offeringDescription: offeringOf(row),
    estimatedRevenue,
    currency: currencyOf(row),
  };
}
