/** Whether the columns of resources, by which they are found, say the same as the resources. */
import type { DatabaseSync } from "node:sqlite";
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { resourceDisagreement } from "../../../ledger/resource-disagreement.ts";
import type { KeptResource } from "../../../ledger/resource-facts.ts";
import type { Slices } from "./slices.ts";

interface WholeRow {
  readonly id: string;
  readonly value: string;
  readonly platform: KeptResource["platform"];
  readonly account: string;
  readonly products: string;
  readonly stoppedAtMs: number | null;
  readonly dueAtMs: number | null;
}

const SELECT = `SELECT id, value, platform, account, products, stopped_at_ms AS stoppedAtMs, due_at_ms AS dueAtMs
  FROM resource WHERE id > ? ORDER BY id`;

const HAS_TABLE = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'resource'";

/** A ledger that an older version left has no such table. Throws Disagreement. */
export function checkResources(db: DatabaseSync, slices: Slices): void {
  if (db.prepare(HAS_TABLE).get() === undefined) return;
  const select = db.prepare(SELECT);
  let after = "";
  const slice = (): boolean =>
    slices.take(
      select.iterate(after) as unknown as Iterable<WholeRow>,
      ({ value }) => value.length,
      ({ id, value, platform, account, products, stoppedAtMs, dueAtMs }) => {
        after = id;
        const disagreement = resourceDisagreement({
          resourceId: id,
          value,
          platform,
          accountId: account,
          productCodes: productsIn(products),
          stoppedAtMs: stoppedAtMs ?? undefined,
          dueAtMs: dueAtMs ?? undefined,
        });
        if (disagreement !== undefined) throw new Disagreement(disagreement);
      },
    );
  while (slices.atOneMoment(slice));
}

/** As they stand there, where that is no list. */
function productsIn(text: string): readonly string[] {
  try {
    const products: unknown = JSON.parse(text);
    return Array.isArray(products) ? products.map(String) : [text];
  } catch {
    return [text];
  }
}
