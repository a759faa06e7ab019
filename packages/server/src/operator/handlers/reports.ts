/** Reports of the usage of sellers' products. */
import { MONTH_EXPECTED, iso } from "@countinghouse/protocol";
import { monthOf } from "../../reports/month.ts";
import { usageByInstanceType, type UsageRow } from "../../reports/usage-by-instance-type.ts";
import { currencyOf, offeringOf, unitOf, usageCsv } from "../../reports/usage-columns.ts";
import type { OperatorContext } from "../context.ts";
import type { UsageReport, UsageReportRow, reportRoutes } from "../contract/reports.ts";
import { ProblemError } from "../problem.ts";
import { TextAnswer, type Handlers } from "../serve-routes.ts";

export function reportHandlers({ ledger, clock }: OperatorContext): Handlers<keyof typeof reportRoutes> {
  return {
    "GET /reports/usage-by-instance-type": async ({ query, request }): Promise<UsageReport | TextAnswer> => {
      const month = monthOf(query.month ?? "");
      if (month === undefined) throw new ProblemError(400, `month ${MONTH_EXPECTED}.`);
      const report = await usageByInstanceType(ledger, month, clock.nowMs(), query.sellerAccountId);
      const keptSince = iso(report.keptSinceMs);
      if (query.format === "json" || (query.format === undefined && wantsJson(request.header("accept")))) {
        return { month: report.month, asOf: iso(report.atMs), keptSince, rows: report.rows.map(usageRowView) };
      }
      return new TextAnswer(usageCsv(report), {
        "Content-Type": "text/csv; charset=utf-8",
        "Content-Disposition": `attachment; filename="usage-by-instance-type-${month.name}.csv"`,
        ...(keptSince === undefined ? {} : { "Kept-Since": keptSince }),
      });
    },
  };
}

function wantsJson(accept = ""): boolean {
  return accept.includes("application/json") && !accept.includes("text/csv");
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
