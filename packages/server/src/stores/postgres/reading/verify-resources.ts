/** Whether the columns of resources, by which they are found, say the same as the resources. */
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { resourceDisagreement } from "../../../ledger/resource-disagreement.ts";
import type { KeptResource } from "../../../ledger/resource-facts.ts";
import type { Queryable } from "./record-pointers.ts";

const PAGE_ROWS = 500;

interface WholeRow {
  readonly id: string;
  readonly value: string;
  readonly platform: KeptResource["platform"];
  readonly account: string;
  readonly products: readonly string[];
  readonly stopped_at_ms: string | null;
  readonly due_at_ms: string | null;
}

const PAGE = `SELECT id, value, platform, account, products, stopped_at_ms, due_at_ms FROM countinghouse.resource
  WHERE id > $1 ORDER BY id LIMIT ${PAGE_ROWS}`;

/** To be called within one snapshot. Throws Disagreement. */
export async function checkResources(db: Queryable): Promise<void> {
  for (let after: string | undefined = ""; after !== undefined;) {
    const { rows }: { rows: WholeRow[] } = await db.query<WholeRow>({ name: "resources", text: PAGE, values: [after] });
    for (const { id, value, platform, account, products, ...times } of rows) {
      const disagreement = resourceDisagreement({
        resourceId: id,
        value,
        platform,
        accountId: account,
        productCodes: products,
        stoppedAtMs: timeOf(times.stopped_at_ms),
        dueAtMs: timeOf(times.due_at_ms),
      });
      if (disagreement !== undefined) throw new Disagreement(disagreement);
    }
    after = rows.at(-1)?.id;
  }
}

function timeOf(column: string | null): number | undefined {
  return column === null ? undefined : Number(column);
}
