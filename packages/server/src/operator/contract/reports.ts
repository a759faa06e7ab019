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
    .describe(
      "Seconds of running time, by whether they are final. The units are the hours that they come to together.",
    ),
  offeringDescription: z.string().optional(),
  estimatedRevenue: z
    .string()
    .optional()
    .describe(
      "Decimals, by the prices of the hours of use, rounded once, half to even, to eight places; left out where there was no price.",
    ),
  currency: z.string().optional(),
});

const keptSince = timestamp
  .optional()
  .describe(
    "Present where a part of the month may be missing: of entries before this nothing is known any more. With CSV it is the header Kept-Since.",
  );

const usageReportSchema = z
  .object({
    month: z.string(),
    asOf: timestamp.describe("Service clock. The use of running resources is counted up to this time."),
    keptSince,
    rows: z.array(usageRowSchema),
  })
  .meta({ id: "UsageReport" });

/** A month's usage, by customer, product and dimension. */
export type UsageReport = Frozen<z.output<typeof usageReportSchema>>;
export type UsageReportRow = Frozen<z.output<typeof usageRowSchema>>;

const reportNameSchema = z.object({ name: z.string(), summary: z.string() });

/** A report that can be had. */
export type ReportName = Frozen<z.output<typeof reportNameSchema>>;

const reportSchema = z
  .object({
    name: z.string(),
    month: z.string(),
    asOf: timestamp.describe("Service clock."),
    keptSince,
    rows: z.array(
      z
        .record(z.string(), z.union([z.string(), z.number()]))
        .describe("The columns of the report; an empty one is left out."),
    ),
  })
  .meta({ id: "Report" });

/** A month's report. */
export type Report = Frozen<z.output<typeof reportSchema>>;

const month = z.string().optional().describe("Needed; such as 2026-03.");
const format = z.enum(["csv", "json"]).optional();

export const reportRoutes = {
  "GET /reports": {
    tag: "reports",
    command: "report list",
    summary: "The reports that there are",
    answer: { status: 200, description: "Their names", json: z.object({ items: z.array(reportNameSchema) }) },
  },
  "GET /reports/usage-by-instance-type": {
    tag: "reports",
    command: "report usage-by-instance-type",
    summary: "A month's usage: a row for each customer, product and dimension",
    description:
      "CSV, with the columns of AWS's report of this name, or JSON where that is asked for by format or by Accept. A month that is not over is fine: running time that is not final yet is included.",
    query: z.object({
      month,
      format,
      sellerAccountId: z.string().optional().describe("Only products of this account."),
    }),
    answer: { status: 200, description: "The report", json: usageReportSchema, csv: true },
    problems: [400],
  },
  "GET /reports/{name}": {
    tag: "reports",
    command: "report revenue-by-day",
    summary: "A month's report",
    description: "CSV, or JSON where that is asked for by format or by Accept. GET /reports says which there are.",
    params: { name: "Such as revenue-by-day." },
    query: z.object({ month, format }),
    answer: { status: 200, description: "The report", json: reportSchema, csv: true },
    problems: [400, 404],
  },
} as const satisfies Routes;
