/** Walks over all entries that were there when the walk began, and follows their chain. */
import type { DatabaseSync } from "node:sqlite";
import type { ChainHead } from "../../../ledger/chain-head.ts";
import { ChainWalk, type KeptEntry } from "../../../ledger/chain-walk.ts";
import type { LedgerEntry } from "../../../ledger/entry.ts";
import type { KnownHead, OnRead } from "../../../ledger/verification.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../entry-rows.ts";
import { Names } from "../names.ts";
import { headIn, type Slices } from "./slices.ts";

interface ChainedRow extends EntryRow {
  readonly operation: number | null;
  readonly principal: number | null;
  readonly account: number | null;
  readonly accessKey: number | null;
  readonly product: number | null;
  readonly link: Uint8Array | null;
}

const SELECT_ENTRIES = `SELECT ${ENTRY_COLUMNS}, operation, principal, account, access_key AS accessKey, product, link
  FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq`;

export class EntryWalk {
  readonly names: Names;
  /** The newest entry when the walk began. */
  readonly lastSeq: number;
  readonly #baseSeq: number;
  readonly #db: DatabaseSync;
  readonly #slices: Slices;
  readonly #walk: ChainWalk;

  constructor(db: DatabaseSync, slices: Slices, known: readonly KnownHead[]) {
    this.#db = db;
    this.#slices = slices;
    this.names = new Names(db);
    const { newest, base, lastSeq } = slices.atOneMoment(() => ({
      newest: headIn(db, "chain-head"),
      base: headIn(db, "chain-base"),
      lastSeq: Number(db.prepare("SELECT max(seq) AS seq FROM entry").get()?.["seq"] ?? 0),
    }));
    this.lastSeq = lastSeq;
    this.#baseSeq = base?.seq ?? 0;
    const noted = newest === undefined ? [] : [{ ...newest, source: "what the last commit noted" }];
    this.#walk = new ChainWalk([...known, ...noted], base);
  }

  get followed(): number {
    return this.#walk.followed;
  }

  get head(): ChainHead {
    return this.#walk.head;
  }

  /** Calls `check` in the transaction in which the entry was read. Throws Disagreement. */
  run(check: (seq: number, entry: LedgerEntry) => void, onRead: OnRead = () => undefined): void {
    const select = this.#db.prepare(SELECT_ENTRIES);
    const slice = (): boolean => {
      const base = headIn(this.#db, "chain-base");
      if (base !== undefined && base.seq > this.#walk.head.seq) this.#walk.skipTo(base);
      const rows = select.iterate(this.#walk.head.seq, this.lastSeq) as unknown as Iterable<ChainedRow>;
      return this.#slices.take(
        rows,
        ({ body }) => body.length,
        (row) => check(row.seq, this.#walk.follow(this.#keptEntry(row))),
      );
    };
    const of = this.lastSeq - this.#baseSeq;
    onRead(0, of);
    while (this.#slices.atOneMoment(slice)) onRead(this.#walk.followed, of);
    onRead(this.#walk.followed, of);
    this.#walk.end();
  }

  #keptEntry(row: ChainedRow): KeptEntry {
    const text = (number: number | null): string | undefined => (number === null ? undefined : this.names.text(number));
    return {
      seq: row.seq,
      entry: encodedEntryOf(row),
      attributes: {
        operation: text(row.operation) ?? "",
        principal: text(row.principal) ?? "",
        accountId: text(row.account),
        accessKeyId: text(row.accessKey),
        productCode: text(row.product),
      },
      link: row.link ?? undefined,
    };
  }
}
