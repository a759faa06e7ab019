/** What each day's usage of each product is worth: what is final, what adjustments change, and what is still provisional. */
import { HOUR_MS } from "@countinghouse/protocol";
import { namesAsMetered } from "../../ledger/names-as-metered.ts";
import { Amount } from "../used/amount.ts";
import { dayText } from "../used/usage-cells.ts";
import { usedIn, type Used } from "../used/used.ts";
import type { MonthlyReport } from "./report.ts";

type Part = "final" | "adjustments" | "provisional";

const PARTS: Readonly<Record<Used["kind"], Part>> = {
  units: "final",
  final: "final",
  adjustment: "adjustments",
  provisional: "provisional",
};

interface DaySum {
  readonly day: string;
  readonly productCode: string;
  readonly all: Amount;
  readonly parts: Readonly<Record<Part, Amount>>;
}

export const revenueByDay: MonthlyReport = {
  summary: "What each day's usage of each product is worth",
  columns: {
    day: "Day",
    productCode: "Product Code",
    productTitle: "Product Title",
    sellerAccountId: "Seller AWS Account Number",
    finalRevenue: "Final Revenue",
    adjustedRevenue: "Adjustments",
    provisionalRevenue: "Provisional Revenue",
    estimatedRevenue: "Estimated Revenue",
    currency: "Currency",
  },
  table: async ({ ledger, month, nowMs }) => {
    const { fromHour, toHour } = month;
    const by = ["product", "dimension"] as const;
    const query = { fromHour, toHour, by, grain: "day" as const, reckonedAtMs: nowMs };
    const { used, completeSinceMs } = await usedIn(ledger, await namesAsMetered(ledger), query);
    const { catalogue } = ledger;
    const sums = new Map<string, DaySum>();
    for (const each of used) {
      const sum = sumOf(sums, dayText(each.hour * HOUR_MS), each.product);
      sum.all.add(each, catalogue);
      sum.parts[PARTS[each.kind]].add(each, catalogue);
    }
    const rows = [...sums]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { day, productCode, all, parts }]) => {
        const product = catalogue.product(productCode);
        return {
          day,
          productCode,
          productTitle: product?.title,
          sellerAccountId: product?.seller,
          finalRevenue: parts.final.worth,
          adjustedRevenue: parts.adjustments.worth,
          provisionalRevenue: parts.provisional.worth,
          estimatedRevenue: all.worth,
          currency: all.worth === undefined ? undefined : "USD",
        };
      });
    return { rows, completeSinceMs };
  },
};

function sumOf(sums: Map<string, DaySum>, day: string, productCode: string): DaySum {
  const key = `${day}\n${productCode}`;
  let sum = sums.get(key);
  if (sum === undefined) {
    const parts = { final: new Amount(), adjustments: new Amount(), provisional: new Amount() };
    sums.set(key, (sum = { day, productCode, all: new Amount(), parts }));
  }
  return sum;
}
