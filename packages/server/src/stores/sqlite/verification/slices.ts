/**
 * Reads a ledger in slices, each in a transaction of its own. Between two slices the ledger may grow, old entries may expire,
 * or all of it may be removed.
 */
import type { DatabaseSync } from "node:sqlite";
import type { ChainHead } from "../../../ledger/chain-head.ts";
import { readKeptTail } from "../tail/lost-tail.ts";

/** The ledger was emptied since the first slice, so the slices that were read say nothing of the present ledger. */
export class BegunAnew extends Error {}

/** A slice ends when it reaches either of these, after some tenths of a second. */
const ROWS_MAX = 2_000;
const CHARACTERS_MAX = 8_000_000;

export class Slices {
  readonly #db: DatabaseSync;
  #generation: number | undefined;

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  /** Everything that `read` reads is of one moment. Throws BegunAnew. */
  atOneMoment<T>(read: () => T): T {
    this.#db.exec("BEGIN");
    try {
      const { generation } = readKeptTail(this.#db);
      this.#generation ??= generation;
      if (generation !== this.#generation) throw new BegunAnew();
      return read();
    } finally {
      this.#db.exec("COMMIT");
    }
  }

  /** Takes rows until a slice is full; answers whether there are more. `charactersOf` tells how long a row is. */
  take<Row>(rows: Iterable<Row>, charactersOf: (row: Row) => number, visit: (row: Row) => void): boolean {
    let count = 0;
    let characters = 0;
    for (const row of rows) {
      visit(row);
      count += 1;
      characters += charactersOf(row);
      if (count >= ROWS_MAX || characters >= CHARACTERS_MAX) return true;
    }
    return false;
  }
}

/** A head that the writer noted: where the chain ended at the last commit, or the base after which it begins. */
export function headIn(db: DatabaseSync, name: "chain-head" | "chain-base"): ChainHead | undefined {
  const noted = db.prepare("SELECT value FROM setting WHERE name = ?").get(name)?.["value"];
  const [, seq, link] = /^(\d+) ([0-9a-f]{64})$/.exec(String(noted)) ?? [];
  return seq === undefined || link === undefined ? undefined : { seq: Number(seq), link };
}
