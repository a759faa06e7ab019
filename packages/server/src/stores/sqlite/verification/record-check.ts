/** Compares metering records with the entries that accepted them, in both directions. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import {
  type AcceptedRecord,
  isAlias,
  keyText,
  type MeteringRecordKey,
} from "../../../domain/metering/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { Disagreement } from "../../../ledger/chain-walk.ts";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import type { LedgerEntry } from "../../../ledger/entry.ts";
import { meteringRecordId } from "../../../ledger/ids.ts";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../entry-rows.ts";
import type { Names } from "../names.ts";
import { headIn, type Slices } from "./slices.ts";

/** The record that a key points at, and its quantity. */
interface Kept {
  readonly seq: number;
  readonly position: number;
  readonly quantity: number;
}

interface KeptRow extends Kept {
  readonly hour: number;
  readonly offering: number;
  readonly region: number;
  readonly customer: number;
  readonly dimension: number;
  readonly discriminator: string;
}

const KEY = "hour, offering, region, customer, dimension, discriminator";
const SELECT_KEPT = `SELECT ${KEY}, entry_seq AS seq, position, quantity FROM metering_record`;
const BEFORE_ALL = [Number.MIN_SAFE_INTEGER, 0, 0, 0, 0, ""] as const;

export class RecordCheck {
  readonly #db: DatabaseSync;
  readonly #slices: Slices;
  readonly #names: Names;
  readonly #lastSeq: number;
  readonly #selectKept: StatementSync;
  readonly #selectEntry: StatementSync;
  readonly #baseSeq: number | undefined;
  #meteringRecords = 0;
  /** How many rows of metering records and aliases were found. */
  #rows = 0;

  /** Records of entries after `lastSeq` are not checked. */
  constructor(db: DatabaseSync, slices: Slices, names: Names, lastSeq: number) {
    this.#db = db;
    this.#slices = slices;
    this.#names = names;
    this.#lastSeq = lastSeq;
    this.#selectKept = db.prepare(
      `${SELECT_KEPT} WHERE hour = ? AND offering = ? AND region = ? AND customer = ? AND dimension = ?
       AND discriminator = ?`,
    );
    this.#baseSeq = headIn(db, "chain-base")?.seq;
    this.#selectEntry = db.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry WHERE seq = ?`);
  }

  /** How many records agree with their entries; aliases are not counted. */
  get meteringRecords(): number {
    return this.#meteringRecords;
  }

  /** Checks that what an entry accepted is kept under its keys. Throws Disagreement. */
  checkEntry(seq: number, entry: LedgerEntry): void {
    for (const accepted of acceptedRecords(entry)) this.#checkKept(seq, entry, accepted);
  }

  /**
   * Looks for rows that no entry accepted. If every accepted record has a row that points back at it, and there are no more
   * rows than that, all rows are accounted for; otherwise each row is checked. Throws Disagreement.
   */
  lookForStrangers(onProgress: OnProgress = () => undefined): void {
    let rows = 0;
    const tell = (doing: string, done: number): void => onProgress({ doing, done, of: this.#rows, unit: "records" });
    this.#forEachRow(
      () => (rows += 1),
      () => tell("counting records", rows),
    );
    // If entries expired meanwhile, a removed row could hide a row that should not be there.
    const isCounted = rows === this.#rows && headIn(this.#db, "chain-base")?.seq === this.#baseSeq;
    if (isCounted) return;
    let checked = 0;
    this.#forEachRow(
      (row) => {
        this.#checkRow(row);
        checked += 1;
      },
      () => tell("looking for records without an entry", checked),
    );
  }

  /** Checks that an accepted record is kept under its key, and that the row points back at the record. */
  #checkKept(seq: number, { call }: LedgerEntry, { position, key, quantity }: AcceptedRecord): void {
    const which = `${meteringRecordId(call.requestId, position)} (${placeOf(seq, position)})`;
    const kept = this.#kept(key);
    if (kept === undefined) throw new Disagreement(`${which} was accepted, but nothing is kept under its key.`);
    if (kept.seq !== seq || kept.position !== position) {
      throw new Disagreement(`${which} was accepted, but its key points at ${placeOf(kept.seq, kept.position)}.`);
    }
    if (kept.quantity !== quantity) {
      throw new Disagreement(`${which} has the quantity ${quantity}, but is kept with ${kept.quantity}.`);
    }
    this.#rows += 1;
    if (!isAlias(key)) this.#meteringRecords += 1;
  }

  /** Rows never move. So a row that is there from beginning to end is visited once, whatever is added and expires meanwhile. */
  #forEachRow(visit: (row: KeptRow) => void, afterSlice: () => void): void {
    const select = this.#db.prepare(`${SELECT_KEPT} WHERE (${KEY}) > (?, ?, ?, ?, ?, ?) ORDER BY ${KEY}`);
    let after: readonly (number | string)[] = BEFORE_ALL;
    const slice = (): boolean => {
      const rows = select.iterate(...after) as unknown as Iterable<KeptRow>;
      return this.#slices.take(
        rows,
        () => 0,
        (row) => {
          const { hour, offering, region, customer, dimension, discriminator } = row;
          after = [hour, offering, region, customer, dimension, discriminator];
          if (row.seq <= this.#lastSeq || this.#isStray(row)) visit(row);
        },
      );
    };
    while (this.#slices.atOneMoment(slice)) afterSlice();
  }

  /** Whether a row's entry is missing. A row that is newer than the walk has its entry; a stray row has none. */
  #isStray({ seq }: KeptRow): boolean {
    return this.#selectEntry.get(seq) === undefined;
  }

  #checkRow(row: KeptRow): void {
    const entry = this.#selectEntry.get(row.seq) as unknown as EntryRow | undefined;
    const records = entry === undefined ? [] : acceptedRecords(decodeEntry(encodedEntryOf(entry)));
    const key = keyText(this.#keyOfRow(row));
    if (records.some((record) => record.position === row.position && keyText(record.key) === key)) return;
    const place = placeOf(row.seq, row.position);
    throw new Disagreement(`A key points at ${place}, which was not accepted under that key.`);
  }

  #kept(key: MeteringRecordKey): Kept | undefined {
    const offering = this.#names.find(key.offering);
    const region = this.#names.find(key.region);
    const customer = this.#names.find(key.customer);
    const dimension = this.#names.find(key.dimension);
    if (offering === undefined || region === undefined || customer === undefined || dimension === undefined) {
      return undefined;
    }
    const row = this.#selectKept.get(key.hour, offering, region, customer, dimension, key.discriminator);
    return row as unknown as Kept | undefined;
  }

  #keyOfRow(row: KeptRow): MeteringRecordKey {
    return {
      hour: row.hour,
      region: this.#names.text(row.region),
      offering: this.#names.text(row.offering),
      customer: this.#names.text(row.customer),
      dimension: this.#names.text(row.dimension),
      discriminator: row.discriminator,
    };
  }
}

/** Positions are counted from one, for people. */
function placeOf(seq: number, position: number): string {
  return `record ${position + 1} of entry ${seq}`;
}
