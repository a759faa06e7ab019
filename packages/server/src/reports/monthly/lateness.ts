/** How old usage records were when they came, hour by hour. */
import { AGE_AHEAD, AGE_HOURS_MAX } from "../../ledger/sums/sum-deltas.ts";
import { talliesOf } from "./tallies.ts";
import type { MonthlyReport } from "./report.ts";

export const lateness: MonthlyReport = {
  summary: "Accepted usage records by how old they were when they came",
  columns: {
    productCode: "Product Code",
    productTitle: "Product Title",
    age: "Age",
    ageHours: "Age in Whole Hours",
    records: "Records",
    units: "Units",
  },
  table: async (context) => {
    const { tallies, completeSinceMs } = await talliesOf(context, ["age"]);
    const sums = new Map<
      string,
      { readonly productCode: string; readonly hours: number; records: number; units: bigint }
    >();
    for (const { product: productCode, detail, records, units } of tallies) {
      const key = `${productCode} ${detail}`;
      const sum = sums.get(key) ?? { productCode, hours: Number(detail), records: 0, units: 0n };
      sum.records += records;
      sum.units += units;
      sums.set(key, sum);
    }
    const rows = [...sums.values()]
      .toSorted((a, b) =>
        a.productCode === b.productCode ? a.hours - b.hours : a.productCode < b.productCode ? -1 : 1,
      )
      .map(({ productCode, hours, records, units }) => ({
        productCode,
        productTitle: context.ledger.catalogue.product(productCode)?.title,
        age: ageText(hours),
        ageHours: hours,
        records,
        units: units.toString(),
      }));
    return { rows, completeSinceMs };
  },
};

function ageText(hours: number): string {
  if (hours === Number(AGE_AHEAD)) return "ahead of the clock";
  return hours === AGE_HOURS_MAX ? `${hours} hours or more` : `${hours} to ${hours + 1} hours`;
}
