/** What the ledger itself keeps of entries that have expired, for the sums. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { DAY_HOURS, USE_KINDS, type ExpiredSums, type UsageCell, type UseKind } from "../../../ledger/sums/sums.ts";
import { HOUR_COLUMNS, kindNumber } from "../../../sum-tables/usage-query.ts";
import { addTally, dayAndHour, tallyOf, tallyUpsert, usageUpserts } from "./sum-rows.ts";

/** Adds to it. */
export class ExpiredSumsWriter {
  readonly #upserts: readonly StatementSync[];
  readonly #upsertTally: StatementSync;

  constructor(db: DatabaseSync) {
    this.#upserts = usageUpserts(db, "expired_usage", ["day", "product", "customer", "dimension", "region", "kind"]);
    this.#upsertTally = tallyUpsert(db, "expired_tally");
  }

  /** To be called in the transaction that removes the entries. */
  add({ usage, tallies }: Pick<ExpiredSums, "usage" | "tallies">): void {
    for (const cell of usage) {
      const [day, hourOfDay] = dayAndHour(cell);
      const { product, customer, dimension, region, kind, lastMs, amount } = cell;
      const key = [day, product, customer, dimension, region, kindNumber(kind)];
      this.#upserts[hourOfDay]?.run(...key, lastMs, amount);
    }
    for (const cell of tallies) addTally(this.#upsertTally, cell);
  }
}

/** To be called in one transaction with what reads where the entries begin. */
export function readExpiredSums(db: DatabaseSync): ExpiredSums {
  const since = db.prepare("SELECT value FROM setting WHERE name = 'sums-complete-since'").get()?.["value"];
  return {
    usage: rowsOf(db, "expired_usage").flatMap(cellsOf),
    tallies: rowsOf(db, "expired_tally").map(tallyOf),
    completeSinceMs: since === undefined ? undefined : Number(since),
  };
}

type Row = Readonly<Record<string, unknown>>;

function rowsOf(db: DatabaseSync, table: string): readonly Row[] {
  const select = db.prepare(`SELECT * FROM ${table}`);
  select.setReadBigInts(true);
  return select.all();
}

function cellsOf(row: Row): UsageCell[] {
  return HOUR_COLUMNS.flatMap((column, hourOfDay) => {
    const amount = row[column] as bigint | null;
    return amount === null ? [] : [cellOf(row, Number(row["day"]) * DAY_HOURS + hourOfDay, amount)];
  });
}

function cellOf(row: Row, hour: number, amount: bigint): UsageCell {
  const text = (name: string): string => row[name] as string;
  return {
    hour,
    product: text("product"),
    customer: text("customer"),
    dimension: text("dimension"),
    region: text("region"),
    kind: USE_KINDS[Number(row["kind"])] as UseKind,
    amount,
    lastMs: Number(row["last_ms"]),
  };
}
