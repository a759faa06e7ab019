/** What the ledger itself keeps of entries that have expired, for the sums. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { ExpiredSums, SumCells } from "../../../ledger/sums/sums.ts";
import { dayAndHour, kindNumber, tallyCellOf, usageCellsOf, type SumRow } from "../../../sum-tables/rows.ts";
import { addTally, tallyUpsert, usageUpserts } from "./sum-rows.ts";

/** Adds to it. */
export class ExpiredSumsWriter {
  readonly #upserts: readonly StatementSync[];
  readonly #upsertTally: StatementSync;

  constructor(db: DatabaseSync) {
    this.#upserts = usageUpserts(db, "expired_usage", ["day", "product", "customer", "dimension", "region", "kind"]);
    this.#upsertTally = tallyUpsert(db, "expired_tally");
  }

  /** To be called in the transaction that removes the entries. */
  add({ usage, tallies }: SumCells): void {
    for (const cell of usage) {
      const [day, hourOfDay] = dayAndHour(cell);
      const { product, customer, dimension, region, kind, lastMs, amount } = cell;
      const key = [day, product, customer, dimension, region, kindNumber(kind)];
      this.#upserts[hourOfDay]?.run(...key, lastMs, amount);
    }
    for (const cell of tallies) addTally(this.#upsertTally, cell);
  }
}

/** So many rows are read at a time; one of usage has up to 24 cells. */
const PART_ROWS = 500;

/** To be called, and its parts to be read, in one transaction with what reads where the entries begin. */
export function readExpiredSums(db: DatabaseSync): ExpiredSums {
  const since = db.prepare("SELECT value FROM setting WHERE name = 'sums-complete-since'").get()?.["value"];
  return { parts: partsIn(db), completeSinceMs: since === undefined ? undefined : Number(since) };
}

function* partsIn(db: DatabaseSync): Iterable<SumCells> {
  for (const rows of rowsOf(db, "expired_usage")) yield { usage: rows.flatMap(usageCellsOf), tallies: [] };
  for (const rows of rowsOf(db, "expired_tally")) yield { usage: [], tallies: rows.map(tallyCellOf) };
}

function* rowsOf(db: DatabaseSync, table: string): Iterable<readonly SumRow[]> {
  const select = db.prepare(`SELECT * FROM ${table}`);
  select.setReadBigInts(true);
  let rows: SumRow[] = [];
  for (const row of select.iterate()) {
    rows.push(row);
    if (rows.length < PART_ROWS) continue;
    yield rows;
    rows = [];
  }
  if (rows.length > 0) yield rows;
}
