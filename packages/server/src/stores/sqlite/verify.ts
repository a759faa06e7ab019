/**
 * Verification: the entries and the metering records say the same. Reads one snapshot, beside a running server, entry
 * by entry; what it holds in memory does not grow with the ledger, but for the names in use.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { keyOf, keyText, type MeteringRecordKey } from "../../domain/metering-record.ts";
import { decodeEntry } from "../../ledger/entry-codec.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import { meteringRecordId } from "../../ledger/ids.ts";
import { dataFolder } from "./data-folder.ts";
import { damageOf, integrityProblem, openForReading } from "./ledger-file.ts";
import { Names } from "./names.ts";

export interface Verification {
  /** Entries that were read and found in order. */
  readonly entries: number;
  /** Metering records that were found as their entries have them. */
  readonly meteringRecords: number;
  /** The first place where the ledger contradicts itself. The counts go as far as that. */
  readonly disagreement: string | undefined;
}

/** Reads the whole ledger of a folder. Throws MaintenanceError where there is none. */
export function verify(folderPath: string): Verification {
  const db = openForReading(dataFolder(folderPath).ledgerFile);
  try {
    db.exec("BEGIN");
    const damage = integrityProblem(db);
    return damage === undefined ? new Verifier(db).verify() : { entries: 0, meteringRecords: 0, disagreement: damage };
  } finally {
    db.close();
  }
}

/** Ends the walk where it is thrown. */
class Disagreement extends Error {}

interface EntryRow {
  readonly seq: number;
  readonly requestId: string;
  readonly atMs: number;
  readonly body: string;
}

/** Which record a key points at, and with which quantity. */
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

const SELECT_ENTRY = "SELECT seq, lower(hex(request_id)) AS requestId, at_ms AS atMs, body FROM entry";
const SELECT_KEPT = `SELECT hour, offering, region, customer, dimension, discriminator,
  entry_seq AS seq, position, quantity FROM metering_record`;

class Verifier {
  readonly #db: DatabaseSync;
  readonly #names: Names;
  readonly #selectKept: StatementSync;
  #entries = 0;
  #meteringRecords = 0;

  constructor(db: DatabaseSync) {
    this.#db = db;
    this.#names = new Names(db);
    this.#selectKept = db.prepare(
      `${SELECT_KEPT} WHERE hour = ? AND offering = ? AND region = ? AND customer = ? AND dimension = ?
       AND discriminator = ?`,
    );
  }

  verify(): Verification {
    let disagreement: string | undefined;
    try {
      this.#walkEntries();
      this.#lookForStrangers();
    } catch (error) {
      disagreement = error instanceof Disagreement ? error.message : damageOf(error);
      if (disagreement === undefined) throw error;
    }
    return { entries: this.#entries, meteringRecords: this.#meteringRecords, disagreement };
  }

  #walkEntries(): void {
    const rows = this.#db.prepare(`${SELECT_ENTRY} ORDER BY seq`).iterate() as unknown as Iterable<EntryRow>;
    let newestAtMs = Number.NEGATIVE_INFINITY;
    for (const row of rows) {
      if (row.seq !== this.#entries + 1) throw new Disagreement(`Entry ${this.#entries + 1} is missing.`);
      if (row.atMs < newestAtMs) throw new Disagreement(`Entry ${row.seq} is older than the one before it.`);
      newestAtMs = row.atMs;
      const entry = readEntry(row);
      for (const accepted of acceptedRecords(entry)) this.#checkKept(row.seq, entry, accepted);
      this.#entries += 1;
    }
  }

  /** An accepted record is kept under its key, and what is kept there points back at it. */
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
    this.#meteringRecords += 1;
  }

  /**
   * By now every accepted record has a row of its own, which points at it. Where there are no more rows than those, all
   * are accounted for; only where there are more must the one be found that is not.
   */
  #lookForStrangers(): void {
    const count = Number(this.#db.prepare("SELECT count(*) AS n FROM metering_record").get()?.["n"]);
    if (count === this.#meteringRecords) return;
    const selectEntry = this.#db.prepare(`${SELECT_ENTRY} WHERE seq = ?`);
    for (const row of this.#db.prepare(SELECT_KEPT).iterate() as unknown as Iterable<KeptRow>) {
      const entry = selectEntry.get(row.seq) as unknown as EntryRow | undefined;
      const records = entry === undefined ? [] : acceptedRecords(readEntry(entry));
      const record = records.find(({ position }) => position === row.position);
      if (record !== undefined && keyText(record.key) === keyText(this.#keyOfRow(row))) continue;
      const place = placeOf(row.seq, row.position);
      throw new Disagreement(`A key points at ${place}, which was not accepted under that key.`);
    }
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

/** A usage record that its entry says was accepted. */
interface AcceptedRecord {
  readonly position: number;
  readonly key: MeteringRecordKey;
  readonly quantity: number;
}

function acceptedRecords({ call, event }: LedgerEntry): AcceptedRecord[] {
  if (event.kind !== "usage-metered") return [];
  return event.records.flatMap(({ usageRecord, status, keptAs }, position) => {
    // Replays and duplicates say which record stands in their place.
    if (status !== "Success" || keptAs !== undefined) return [];
    const key = keyOf(usageRecord, event.productCode, call.region ?? "");
    return [{ position, key, quantity: usageRecord.quantity ?? 0 }];
  });
}

function readEntry({ seq, requestId, atMs, body }: EntryRow): LedgerEntry {
  try {
    return decodeEntry({ requestId: requestId.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-"), atMs, body });
  } catch (error) {
    throw new Disagreement(`Entry ${seq} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Counted from one, as people do. */
function placeOf(seq: number, position: number): string {
  return `record ${position + 1} of entry ${seq}`;
}
