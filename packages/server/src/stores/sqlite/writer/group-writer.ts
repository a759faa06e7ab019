/** Writes packed groups, each as one transaction that is flushed to disk. Owns the connection that writes. */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { CHAIN_START, linkOf } from "../../../ledger/chain.ts";
import { requestIdBytes } from "../entry-rows.ts";
import { ExpiredSumsWriter } from "../sums/expired-sums.ts";
import { PUT_RESOURCE } from "../resource-rows.ts";
import { noteTail, readKeptTail } from "../tail/lost-tail.ts";
import { ATTRIBUTES, FIGURES, KEY_FIGURES, type PackedExpired, type PackedGroup } from "./packed-group.ts";

/** One statement that inserts this many rows takes a fifth less time than one for each row; more rows gain nothing. */
const ROWS_PER_STATEMENT = 25;
const COLUMNS = FIGURES + 1;
/** Each of these columns comes first in an index of its own. */
const ATTRIBUTE_COLUMNS = ["operation", "principal", "account", "access_key", "product"];
/** Sixteen pages. A full disk rarely leaves that much room in blocks that are taken already, so a probe on it fails. */
const PROBE_CHARACTERS = 65_536;

export class GroupWriter {
  readonly #db: DatabaseSync;
  readonly #trail: boolean;
  readonly #insertEntry: StatementSync;
  readonly #insertName: StatementSync;
  readonly #insertRecords: StatementSync;
  readonly #insertRecord: StatementSync;
  readonly #putCatalogue: StatementSync;
  readonly #dropCatalogue: StatementSync;
  readonly #putResource: StatementSync;
  readonly #dropResource: StatementSync;
  readonly #putSetting: StatementSync;
  readonly #deleteRecord: StatementSync;
  readonly #deleteEntries: StatementSync;
  readonly #markName: StatementSync;
  readonly #selectNames: StatementSync;
  readonly #deleteName: StatementSync;
  readonly #expired: ExpiredSumsWriter;
  /** The link of the newest durable entry. */
  #link: Uint8Array;
  #generation: number;

  /** Without a trail, entries have no links and no search attributes. */
  constructor(db: DatabaseSync, trail = true) {
    this.#db = db;
    this.#trail = trail;
    this.#insertEntry = db.prepare(
      `INSERT INTO entry (seq, at_ms, request_id, body, operation, principal, account, access_key, product, link)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#deleteRecord = db.prepare(
      `DELETE FROM metering_record
       WHERE hour = ? AND offering = ? AND region = ? AND customer = ? AND dimension = ? AND discriminator = ?
         AND entry_seq <= ?`,
    );
    this.#deleteEntries = db.prepare("DELETE FROM entry WHERE seq <= ?");
    this.#markName = db.prepare("UPDATE name SET in_key = 1 WHERE id = ?");
    this.#selectNames = db.prepare(`SELECT ${ATTRIBUTE_COLUMNS.join(", ")} FROM entry WHERE seq <= ?`);
    const inNoEntry = ATTRIBUTE_COLUMNS.map((column) => `NOT EXISTS (SELECT 1 FROM entry WHERE ${column} = ?1)`);
    this.#deleteName = db.prepare(`DELETE FROM name WHERE id = ?1 AND in_key = 0 AND ${inNoEntry.join(" AND ")}`);
    this.#expired = new ExpiredSumsWriter(db);
    this.#link = newestLink(db);
    this.#generation = readKeptTail(db).generation;
    this.#insertName = db.prepare("INSERT INTO name (id, text) VALUES (?, ?)");
    this.#insertRecords = db.prepare(insertRecords(ROWS_PER_STATEMENT));
    this.#insertRecord = db.prepare(insertRecords(1));
    this.#putCatalogue = db.prepare(
      `INSERT INTO catalogue (kind, id, value, file_digest) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET value = excluded.value, file_digest = coalesce(excluded.file_digest, file_digest)`,
    );
    // An object that was removed, and that no catalogue file has named, leaves no row.
    this.#dropCatalogue = db.prepare(
      "DELETE FROM catalogue WHERE kind = ? AND id = ? AND value IS NULL AND file_digest IS NULL",
    );
    this.#putResource = db.prepare(PUT_RESOURCE);
    this.#dropResource = db.prepare("DELETE FROM resource WHERE id = ?");
    this.#putSetting = db.prepare("INSERT INTO setting VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value");
  }

  /** The generation of the entries; it grows by one when the ledger is emptied. */
  get generation(): number {
    return this.#generation;
  }

  /** Throws what SQLite threw; then nothing of the group was kept. */
  write(group: PackedGroup): void {
    const generation = this.#generation + (group.reset ? 1 : 0);
    this.#link = this.#inTransaction(() => this.#keep(group, generation));
    this.#generation = generation;
  }

  /** Commits about as much as a large group, and then removes it. Throws what SQLite threw. */
  probe(): void {
    this.#inTransaction(() => this.#putSetting.run("probe", "x".repeat(PROBE_CHARACTERS)));
    this.#inTransaction(() => this.#db.exec("DELETE FROM setting WHERE name = 'probe'"));
  }

  close(): void {
    this.#db.close();
  }

  #inTransaction<T>(body: () => T): T {
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      const result = body();
      this.#db.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
    } catch {
      // After some failures SQLite has rolled back already. The caller needs the first error, not this one.
    }
  }

  /** Answers the link of the group's last entry. */
  #keep(group: PackedGroup, generation: number): Uint8Array {
    if (group.reset) {
      this.#db.exec(
        "DELETE FROM metering_record; DELETE FROM entry; DELETE FROM name; DELETE FROM catalogue; DELETE FROM resource; DELETE FROM setting; DELETE FROM expired_usage; DELETE FROM expired_tally;",
      );
      noteTail(this.#db, "open", generation);
    }
    const link = this.#keepEntries(group);
    group.names.forEach((text, i) => this.#insertName.run(group.firstName + i, text));
    group.namesOfKeys.forEach((number) => this.#markName.run(number));
    this.#keepRecords(group);
    if (group.expired !== undefined) this.#remove(group.expired);
    for (const change of group.catalogue) {
      this.#putCatalogue.run(...change);
      const [kind, id, value] = change;
      if (value === null) this.#dropCatalogue.run(kind, id);
    }
    for (const row of group.resources) {
      if (row[1] === null) this.#dropResource.run(row[0]);
      else this.#putResource.run(...row);
    }
    if (group.clock !== undefined) this.#putSetting.run("clock", group.clock);
    if (this.#trail) {
      const newestSeq = group.firstSeq + group.entries.length - 1;
      this.#putSetting.run("chain-head", `${newestSeq} ${Buffer.from(link).toString("hex")}`);
    }
    return link;
  }

  /** Removes the oldest entries and their records; the newest removed entry becomes the chain's base. What they added to the sums stays. */
  #remove({ through, figures, discriminators, usage, tallies }: PackedExpired): void {
    this.#expired.add({ usage, tallies });
    discriminators.forEach((discriminator, i) => {
      const key = figures.subarray(i * KEY_FIGURES, (i + 1) * KEY_FIGURES);
      this.#deleteRecord.run(...key, discriminator, through.seq);
    });
    const names = new Set(this.#selectNames.all(through.seq).flatMap((row) => Object.values(row)));
    this.#deleteEntries.run(through.seq);
    // Names that are in no entry and no key any more are removed.
    for (const number of names) if (number !== null) this.#deleteName.run(number);
    this.#putSetting.run("chain-base", `${through.seq} ${through.link}`);
  }

  #keepEntries({ reset, firstSeq, entries, attributes }: PackedGroup): Uint8Array {
    let link = reset ? CHAIN_START : this.#link;
    entries.forEach((entry, i) => {
      const seq = firstSeq + i;
      if (!this.#trail) {
        this.#insertEntry.run(seq, entry.atMs, requestIdBytes(entry.requestId), entry.body, ...NO_TRAIL);
        return;
      }
      link = linkOf(link, seq, entry);
      const at = i * ATTRIBUTES;
      this.#insertEntry.run(
        seq,
        entry.atMs,
        requestIdBytes(entry.requestId),
        entry.body,
        numberOrNull(attributes[at]),
        numberOrNull(attributes[at + 1]),
        numberOrNull(attributes[at + 2]),
        numberOrNull(attributes[at + 3]),
        numberOrNull(attributes[at + 4]),
        link,
      );
    });
    return link;
  }

  /** Inserts in the order of the tree: neighbouring rows share pages, so a group changes fewer pages. */
  #keepRecords({ figures, discriminators }: PackedGroup): void {
    const order = discriminators.map((_, i) => i).toSorted((a, b) => compareKeys(figures, a, b));
    let row = 0;
    while (row < order.length) {
      const many = order.length - row >= ROWS_PER_STATEMENT;
      const rows = many ? ROWS_PER_STATEMENT : 1;
      const values: (number | string)[] = [];
      for (const end = row + rows; row < end; row += 1) {
        const record = order[row] as number;
        const first = record * FIGURES;
        for (let i = first; i < first + KEY_FIGURES; i += 1) values.push(figures[i] as number);
        values.push(discriminators[record] as string);
        for (let i = first + KEY_FIGURES; i < first + FIGURES; i += 1) values.push(figures[i] as number);
      }
      (many ? this.#insertRecords : this.#insertRecord).run(...values);
    }
  }
}

/** Operation, principal, account, access key, product, link. */
const NO_TRAIL = [null, null, null, null, null, null] as const;

function numberOrNull(number: number | undefined): number | null {
  return number === undefined || number === 0 ? null : number;
}

function newestLink(db: DatabaseSync): Uint8Array {
  const newest = db.prepare("SELECT link FROM entry ORDER BY seq DESC LIMIT 1").get();
  return newest === undefined ? CHAIN_START : (newest["link"] as Uint8Array);
}

function insertRecords(rows: number): string {
  const row = `(${Array(COLUMNS).fill("?").join(", ")})`;
  return `INSERT INTO metering_record VALUES ${Array(rows).fill(row).join(", ")}`;
}

/** Leaves discriminators out: the order affects only speed. */
function compareKeys(figures: Float64Array, a: number, b: number): number {
  for (let i = 0; i < KEY_FIGURES; i += 1) {
    const difference = (figures[a * FIGURES + i] as number) - (figures[b * FIGURES + i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
