/** The reports that are tables of their own; the one that has AWS's columns is `usage-by-instance-type.ts`. */
import { agreementStatement } from "./agreement-statement.ts";
import { duplicates } from "./duplicates.ts";
import { lateness } from "./lateness.ts";
import { refusalsByRule } from "./refusals-by-rule.ts";
import type { MonthlyReport } from "./report.ts";
import { revenueByDay } from "./revenue-by-day.ts";
import { silentCustomers } from "./silent-customers.ts";

export const MONTHLY_REPORTS: Readonly<Record<string, MonthlyReport>> = {
  "revenue-by-day": revenueByDay,
  "refusals-by-rule": refusalsByRule,
  lateness,
  duplicates,
  "silent-customers": silentCustomers,
  "agreement-statement": agreementStatement,
};
