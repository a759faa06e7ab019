/** A ledger of an embedded store that is long enough to be at work with for some seconds. */
import { HOUR_MS } from "@countinghouse/protocol";
import { batchEntry } from "../../bench/servers/entries.ts";
import { PRODUCT_CODE, RECORDS_PER_BATCH, customerName } from "../../bench/load/records.ts";
import type { Product } from "../../packages/server/src/domain/catalogue/product.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";

/** Making it takes seconds, or minutes where other programs use the machine. */
export const MADE_MS_MAX = 300_000;

const AT_MS = Date.UTC(2026, 2, 14, 12, 30);
const ENTRIES_A_COMMIT = 200;
const PRODUCT: Product = {
  productCode: PRODUCT_CODE,
  title: "Large",
  seller: "111122223333",
  type: "saas",
  pricing: "usage",
  dimensions: [{ name: "kind_0", price: "0.25", kind: "metered" }],
};

/** Each entry has 25 records. */
export async function largeLedger(folder: string, entries: number): Promise<void> {
  const engine = openSqliteEngine(folder, { synchronous: "NORMAL" });
  engine.load();
  for (let first = 0; first < entries; first += ENTRIES_A_COMMIT) {
    const count = Math.min(ENTRIES_A_COMMIT, entries - first);
    await engine.commit({
      reset: false,
      entries: Array.from({ length: count }, (_, i) => entryOf(first + i)),
      catalogue: first === 0 ? [{ kind: "product", id: PRODUCT_CODE, value: PRODUCT }] : [],
      resources: [],
      clock: undefined,
    });
  }
  await engine.close();
}

/** Each is of a time of its own. */
function entryOf(n: number): ReturnType<typeof batchEntry>["entry"] {
  const atMs = AT_MS + n * 1_000;
  const records = Array.from({ length: RECORDS_PER_BATCH }, (_, i) => ({
    Timestamp: Math.floor((AT_MS - (n % 500) * HOUR_MS) / 1_000),
    Dimension: "kind_0",
    CustomerIdentifier: customerName(Math.floor(n / 500) * RECORDS_PER_BATCH + i),
    Quantity: 1,
  }));
  return batchEntry(records, "us-east-1", atMs).entry;
}
