/** `/reports`: reports of the usage of sellers' products. */
import { z } from "zod";
import { timestamp } from "./common.ts";
import type { Frozen, Routes } from "./route.ts";

const seconds = z.string().regex(/^-?\d+$/);

const usageRowSchema = z.object({
  customerReferenceId: z.string().optional().describe("The customer identifier, where there is one."),
  customerAccountId: z.string().optional(),
  productCode: z.string(),
  productTitle: z.string().optional(),
  sellerAccountId: z.string().optional(),
  pricing: z.string().optional(),
  dimension: z.string(),
  usageUnits: z.string().describe("Decimals: counted units, or hours."),
  usageUnitType: z.string(),
  seconds: z
    .object({ final: seconds, adjustments: seconds, provisional: seconds })
    .optional()
    .describe("Of running time, by how sure it is; the units are the hours that all of them make."),
  offeringDescription: z.string().optional(),
  estimatedRevenue: z
    .string()
    .optional()
    .describe(
      "Decimals, by the prices of the hours of use, rounded once, half to even, to eight places; left out where there was no price.",
    ),
  currency: z.string().optional(),
});

const usageReportSchema = z
  .object({
    month: z.string(),
    asOf: timestamp.describe("Service clock: what runs is reckoned up to here."),
    keptSince: timestamp
      .optional()
      .describe(
        "Present where a part of the month may be missing: what was recorded before this has expired (--retention-days). With CSV it is the header Kept-Since.",
      ),
    rows: z.array(usageRowSchema),
  })
  .meta({ id: "UsageReport" });

/** A month's usage, by customer, product and dimension. */
export type UsageReport = Frozen<z.output<typeof usageReportSchema>>;
export type UsageReportRow = Frozen<z.output<typeof usageRowSchema>>;

export const reportRoutes = {
  "GET /reports/usage-by-instance-type": {
    tag: "reports",
    command: "report usage-by-instance-type",
    summary: "A month's usage: a row for each customer, product and dimension",
    description:
      "CSV, with the columns of AWS's report of this name, or JSON where that is asked for by format or by Accept. A month that is not over is fine: running time that is not final yet is included.",
    query: z.object({
      month: z.string().optional().describe("Needed; such as 2026-03."),
      format: z.enum(["csv", "json"]).optional(),
      sellerAccountId: z.string().optional().describe("Only products of this account."),
    }),
    answer: { status: 200, description: "The report", json: usageReportSchema, csv: true },
    problems: [400],
  },
} as const satisfies Routes;
