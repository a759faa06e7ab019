/** Reports: what sellers are told of the use of their products, and operators of what comes in. */
import { HOUR_MS, MONTH_EXPECTED, iso } from "@countinghouse/protocol";
import type { HonoRequest } from "hono";
import { monthOf, type Month } from "../../reports/month.ts";
import { MONTHLY_REPORTS } from "../../reports/monthly/monthly-reports.ts";
import { reportCsv, reportRow, type ReportRow } from "../../reports/monthly/report.ts";
import { usageByInstanceType, type UsageRow } from "../../reports/usage-by-instance-type.ts";
import { currencyOf, offeringOf, unitOf, usageCsv } from "../../reports/usage-columns.ts";
import type { OperatorContext } from "../context.ts";
import type { Report, UsageReport, UsageReportRow, reportRoutes } from "../contract/reports.ts";
import { REPORT_NAMES } from "../contract/values.ts";
import { ProblemError } from "../problem.ts";
import { TextAnswer, type Handlers } from "../serve-routes.ts";

const USAGE_BY_INSTANCE_TYPE = "A month's usage: a row for each customer, product and dimension, with AWS's columns";

export function reportHandlers({ ledger, clock }: OperatorContext): Handlers<keyof typeof reportRoutes> {
  return {
    "GET /reports": () => ({
      items: REPORT_NAMES.map((name) => ({ name, summary: MONTHLY_REPORTS[name]?.summary ?? USAGE_BY_INSTANCE_TYPE })),
    }),
    "GET /reports/usage-by-instance-type": async ({ query, request }): Promise<UsageReport | TextAnswer> => {
      const month = monthIn(query);
      const report = await usageByInstanceType(ledger, month, clock.nowMs(), query.sellerAccountId);
      const keptSince = iso(report.keptSinceMs);
      if (wantsJson(query, request)) {
        return { month: report.month, asOf: iso(report.atMs), keptSince, rows: report.rows.map(usageRowView) };
      }
      return csvAnswer("usage-by-instance-type", month, usageCsv(report), keptSince);
    },
    "GET /reports/{name}": async ({ params: { name }, query, request }): Promise<Report | TextAnswer> => {
      const report = Object.hasOwn(MONTHLY_REPORTS, name) ? MONTHLY_REPORTS[name] : undefined;
      if (report === undefined) throw new ProblemError(404, `No such report; there are ${REPORT_NAMES.join(", ")}.`);
      const month = monthIn(query);
      const nowMs = clock.nowMs();
      const { rows, completeSinceMs } = await report.table({ ledger, month, nowMs });
      const isPart = completeSinceMs !== undefined && completeSinceMs > month.fromHour * HOUR_MS;
      const keptSince = isPart ? iso(completeSinceMs) : undefined;
      if (!wantsJson(query, request)) return csvAnswer(name, month, reportCsv(report, rows), keptSince);
      const shown = rows.map((row) => withoutEmpty(reportRow(report, row)));
      return { name, month: month.name, asOf: iso(nowMs), keptSince, rows: shown };
    },
  };
}

function monthIn({ month: text = "" }: { readonly month?: string | undefined }): Month {
  const month = monthOf(text);
  if (month === undefined) throw new ProblemError(400, `month ${MONTH_EXPECTED}.`);
  return month;
}

function csvAnswer(name: string, month: Month, text: string, keptSince: string | undefined): TextAnswer {
  return new TextAnswer(text, {
    "Content-Type": "text/csv; charset=utf-8",
    "Content-Disposition": `attachment; filename="${name}-${month.name}.csv"`,
    ...(keptSince === undefined ? {} : { "Kept-Since": keptSince }),
  });
}

function wantsJson({ format }: { readonly format?: "csv" | "json" | undefined }, request: HonoRequest): boolean {
  if (format !== undefined) return format === "json";
  const accept = request.header("accept") ?? "";
  return accept.includes("application/json") && !accept.includes("text/csv");
}

function withoutEmpty(row: ReportRow): Readonly<Record<string, string | number>> {
  const filled = Object.entries(row).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  return Object.fromEntries(filled);
}

function usageRowView(row: UsageRow): UsageReportRow {
  const { product } = row;
  return {
    customerReferenceId: row.customerIdentifier,
    customerAccountId: row.customerAccountId,
    productCode: row.productCode,
    productTitle: product?.title,
    sellerAccountId: product?.seller,
    pricing: row.pricing,
    dimension: row.dimension,
    usageUnits: row.usageUnits,
    usageUnitType: unitOf(row),
    seconds: row.seconds,
    offeringDescription: offeringOf(row),
    estimatedRevenue: row.estimatedRevenue,
    currency: currencyOf(row),
  };
}
