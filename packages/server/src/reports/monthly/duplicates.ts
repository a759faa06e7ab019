/** Usage that came again in a month: the same (replays, which are fine), and other usage under the same key, which was refused. */
import { HOUR_MS } from "@countinghouse/protocol";
import { namesAsMetered } from "../../ledger/names-as-metered.ts";
import type { TallyCell } from "../../ledger/sums/sums.ts";
import { namedCustomer, type NamedCustomer } from "../used/named-customer.ts";
import { talliesOf } from "./tallies.ts";
import type { MonthlyReport } from "./report.ts";

interface CameAgain {
  readonly productCode: string;
  readonly customer: NamedCustomer;
  readonly dimension: string;
  duplicates: number;
  duplicateUnits: bigint;
  replays: number;
}

export const duplicates: MonthlyReport = {
  summary: "Usage records that came again: refused since another stands, or replayed",
  columns: {
    productCode: "Product Code",
    productTitle: "Product Title",
    customerReferenceId: "Customer Reference ID",
    customerAccountId: "Customer AWS Account Number",
    dimension: "Dimension",
    refusedDuplicates: "Refused Duplicates",
    refusedUnits: "Refused Units",
    replays: "Replays",
  },
  table: async (context) => {
    const names = await namesAsMetered(context.ledger);
    const { tallies, completeSinceMs } = await talliesOf(context, ["duplicate", "replay"]);
    const lastMs = context.month.toHour * HOUR_MS - 1;
    const sums = new Map<string, CameAgain>();
    for (const tally of tallies) {
      const { product, customer, dimension } = tally;
      const named = namedCustomer(names, { product, customer, lastMs });
      const key = JSON.stringify([product, named.accountId ?? "", named.identifier ?? "", dimension]);
      let sum = sums.get(key);
      if (sum === undefined) {
        const nothing = { duplicates: 0, duplicateUnits: 0n, replays: 0 };
        sums.set(key, (sum = { productCode: product, customer: named, dimension, ...nothing }));
      }
      add(sum, tally);
    }
    const rows = [...sums]
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([, { productCode, customer, dimension, ...sum }]) => ({
        productCode,
        productTitle: context.ledger.catalogue.product(productCode)?.title,
        customerReferenceId: customer.identifier,
        customerAccountId: customer.accountId,
        dimension,
        refusedDuplicates: sum.duplicates,
        refusedUnits: sum.duplicateUnits.toString(),
        replays: sum.replays,
      }));
    return { rows, completeSinceMs };
  },
};

function add(sum: CameAgain, { about, records, units }: TallyCell): void {
  if (about === "replay") {
    sum.replays += records;
    return;
  }
  sum.duplicates += records;
  sum.duplicateUnits += units;
}
