/**
 * Verification: the chain of entries is whole, and entries and metering records say the same. Reads one snapshot, beside
 * a running server, entry by entry; what it holds in memory grows with the names in use and the changes of the catalogue only.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { isAlias, keyText, type MeteringRecordKey } from "../../../domain/metering-record.ts";
import { acceptedRecords } from "../../../ledger/accepted-records.ts";
import { CHAIN_START } from "../../../ledger/chain.ts";
import type { ChainHead } from "../../../ledger/chain-head.ts";
import { ChainWalk, Disagreement, type KeptEntry } from "../../../ledger/chain-walk.ts";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import type { LedgerEntry } from "../../../ledger/entry.ts";
import { IdentityHistory, identityNotes } from "../../../ledger/identity-history.ts";
import { meteringRecordId } from "../../../ledger/ids.ts";
import type { NewRecord } from "../../../ledger/ledger.ts";
import type { ChainVerification, KnownHead } from "../../../ledger/verification.ts";
import { dataFolder } from "../data-folder.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../entry-rows.ts";
import { damageOf, integrityProblem, openForReading } from "../ledger-file.ts";
import { Names } from "../names.ts";

export interface Verification extends ChainVerification {
  /** Metering records that were found as their entries have them. */
  readonly meteringRecords: number;
  /** What is no fault, and good to know. */
  readonly notes: readonly string[] | undefined;
}

/** Reads the whole ledger of a folder. Throws MaintenanceError where there is none. */
export function verify(folderPath: string, known: readonly KnownHead[] = []): Verification {
  return reading(dataFolder(folderPath).ledgerFile, (db) => {
    const damage = integrityProblem(db);
    return damage === undefined ? new Verifier(db, known).verify() : { ...NOTHING, disagreement: damage };
  });
}

/** Reads the entries only: what was asked and answered is as it was written, whatever is kept beside it. */
export function verifyChain(ledgerFile: string, known: readonly KnownHead[]): ChainVerification {
  return reading(ledgerFile, (db) => {
    const { entries, head, disagreement } = new Verifier(db, known).verifyEntries();
    return { entries, head, disagreement };
  });
}

function reading<T>(ledgerFile: string, read: (db: DatabaseSync) => T): T {
  const db = openForReading(ledgerFile);
  try {
    db.exec("BEGIN");
    return read(db);
  } finally {
    db.close();
  }
}

const NOTHING = {
  entries: 0,
  meteringRecords: 0,
  notes: [],
  head: { seq: 0, link: Buffer.from(CHAIN_START).toString("hex") },
};

interface ChainedRow extends EntryRow {
  readonly operation: number | null;
  readonly principal: number | null;
  readonly account: number | null;
  readonly accessKey: number | null;
  readonly product: number | null;
  readonly link: Uint8Array | null;
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

const SELECT_ENTRY = `SELECT ${ENTRY_COLUMNS}, operation, principal, account, access_key AS accessKey, product, link
  FROM entry`;
const SELECT_KEPT = `SELECT hour, offering, region, customer, dimension, discriminator,
  entry_seq AS seq, position, quantity FROM metering_record`;

class Verifier {
  readonly #db: DatabaseSync;
  readonly #names: Names;
  readonly #selectKept: StatementSync;
  readonly #walk: ChainWalk;
  readonly #identities = new IdentityHistory();
  #meteringRecords = 0;
  /** Metering records, and their aliases. */
  #rows = 0;

  constructor(db: DatabaseSync, known: readonly KnownHead[]) {
    this.#db = db;
    const newest = headIn(db, "chain-head");
    const noted = newest === undefined ? [] : [{ ...newest, source: "what the last commit noted" }];
    this.#walk = new ChainWalk([...known, ...noted], headIn(db, "chain-base"));
    this.#names = new Names(db);
    this.#selectKept = db.prepare(
      `${SELECT_KEPT} WHERE hour = ? AND offering = ? AND region = ? AND customer = ? AND dimension = ?
       AND discriminator = ?`,
    );
  }

  verify(): Verification {
    return this.#found(() => {
      this.#walkEntries((seq, entry) => {
        for (const accepted of acceptedRecords(entry)) this.#checkKept(seq, entry, accepted);
        this.#identities.see(entry);
      });
      this.#lookForStrangers();
    });
  }

  verifyEntries(): Verification {
    return this.#found(() => this.#walkEntries(() => undefined));
  }

  #found(walk: () => void): Verification {
    let disagreement: string | undefined;
    try {
      walk();
    } catch (error) {
      disagreement = error instanceof Disagreement ? error.message : damageOf(error);
      if (disagreement === undefined) throw error;
    }
    const { head } = this.#walk;
    const notes = identityNotes(this.#identities);
    return { entries: this.#walk.followed, head, meteringRecords: this.#meteringRecords, notes, disagreement };
  }

  #walkEntries(check: (seq: number, entry: LedgerEntry) => void): void {
    const rows = this.#db.prepare(`${SELECT_ENTRY} ORDER BY seq`).iterate() as unknown as Iterable<ChainedRow>;
    for (const row of rows) check(row.seq, this.#walk.follow(this.#keptEntry(row)));
    this.#walk.end();
  }

  #keptEntry(row: ChainedRow): KeptEntry {
    const text = (number: number | null): string | undefined =>
      number === null ? undefined : this.#names.text(number);
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

  /** An accepted record is kept under its key, and what is kept there points back at it. */
  #checkKept(seq: number, { call }: LedgerEntry, { position, key, quantity }: NewRecord): void {
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

  /**
   * By now every accepted record has a row of its own, which points at it. Where there are no more rows than those, all
   * are accounted for; only where there are more must the one be found that is not.
   */
  #lookForStrangers(): void {
    const count = Number(this.#db.prepare("SELECT count(*) AS n FROM metering_record").get()?.["n"]);
    if (count === this.#rows) return;
    const selectEntry = this.#db.prepare(`${SELECT_ENTRY} WHERE seq = ?`);
    for (const row of this.#db.prepare(SELECT_KEPT).iterate() as unknown as Iterable<KeptRow>) {
      const entry = selectEntry.get(row.seq) as unknown as EntryRow | undefined;
      const records = entry === undefined ? [] : acceptedRecords(decodeEntry(encodedEntryOf(entry)));
      const key = keyText(this.#keyOfRow(row));
      if (records.some((record) => record.position === row.position && keyText(record.key) === key)) continue;
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

/** What the writer noted of the chain: where it ended with the last commit, and where it begins, if not at its start. */
function headIn(db: DatabaseSync, name: "chain-head" | "chain-base"): ChainHead | undefined {
  const noted = db.prepare("SELECT value FROM setting WHERE name = ?").get(name)?.["value"];
  const [, seq, link] = /^(\d+) ([0-9a-f]{64})$/.exec(String(noted)) ?? [];
  return seq === undefined || link === undefined ? undefined : { seq: Number(seq), link };
}

/** Counted from one, as people do. */
function placeOf(seq: number, position: number): string {
  return `record ${position + 1} of entry ${seq}`;
}
