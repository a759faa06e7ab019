/**
 * Copies a ledger into a file, beside a server that writes. The copy is made in slices, each a short transaction, so that the
 * log need not hold everything that is committed meanwhile. A last transaction copies what has come since, so that the copy is
 * of one moment. Entries and their records are never changed: they are added; after a long time they expire; a reset removes
 * them all.
 */
import { rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { acceptedRecords } from "../../ledger/accepted-records.ts";
import { decodeEntry } from "../../ledger/entry-codec.ts";
import type { OnProgress } from "../../ledger/work-progress.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "./entry-rows.ts";
import { MaintenanceError, readingUri } from "./ledger-file.ts";
import { BegunAnew, headIn } from "./verification/slices.ts";

const TRIES_MAX = 10;
/** How many rows one slice copies; fewer entries, because entries are long. */
const ENTRIES_MAX = 1_000;
const ROWS_MAX = 50_000;
/**
 * Long tables that only grow. All other tables are copied whole at the end: names, too, are added, become names of keys, and
 * are removed.
 */
const GROWING: ReadonlySet<string> = new Set(["entry", "metering_record"]);
const KEY = "hour, offering, region, customer, dimension, discriminator";
const NUMBER_OF = "(SELECT id FROM source.name WHERE text = ?)";

/** The file must exist and be empty. Begins again where the ledger is emptied meanwhile. */
export function copyInSlices(ledgerFile: string, toFile: string, onProgress: OnProgress = () => undefined): void {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const db = new DatabaseSync(toFile);
    try {
      new Copying(db, ledgerFile, onProgress).run();
      return;
    } catch (error) {
      if (!(error instanceof BegunAnew)) throw error;
    } finally {
      db.close();
    }
    rmSync(toFile);
  }
  throw new MaintenanceError(
    "The ledger was emptied again and again while it was copied. Try again when that has ended.",
  );
}

class Copying {
  readonly #db: DatabaseSync;
  readonly #onProgress: OnProgress;
  #generation: string | undefined;

  constructor(db: DatabaseSync, ledgerFile: string, onProgress: OnProgress) {
    this.#db = db;
    this.#onProgress = onProgress;
    // The caller makes the copy durable when it is whole; before that a lost copy harms nobody.
    db.exec(
      "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA trusted_schema = OFF; PRAGMA busy_timeout = 5000",
    );
    db.prepare("ATTACH ? AS source").run(readingUri(ledgerFile));
  }

  run(): void {
    this.#make("table");
    let before = 0;
    let through = this.#copyEntries(before);
    this.#copyRecords(through);
    // Copies what has come meanwhile; each round has less to copy.
    while (through - before > ENTRIES_MAX) {
      before = through;
      through = this.#copyEntries(before);
      for (let after = before; after < through; after += ENTRIES_MAX) {
        this.#atOneMoment(() => this.#copyRecordsOf(after, Math.min(after + ENTRIES_MAX, through)));
      }
    }
    this.#atOneMoment(() => this.#copyRest(through));
    this.#removeExpired();
    this.#make("index");
  }

  #make(type: "table" | "index"): void {
    const made = this.#db
      .prepare("SELECT sql FROM source.sqlite_schema WHERE type = ? AND sql IS NOT NULL AND name NOT LIKE 'sqlite_%'")
      .all(type);
    for (const [done, { sql }] of made.entries()) {
      if (type === "index") this.#onProgress({ doing: "building indexes", done, of: made.length, unit: "steps" });
      this.#db.exec(String(sql));
    }
  }

  /** Copies the entries after this one; answers the newest entry that it copied. */
  #copyEntries(after: number): number {
    const insert = this.#db.prepare("INSERT INTO entry SELECT * FROM source.entry WHERE seq > ? ORDER BY seq LIMIT ?");
    const newest = this.#db.prepare("SELECT max(seq) AS seq FROM main.entry");
    let through = after;
    const slice = (): boolean => {
      const { changes } = insert.run(through, ENTRIES_MAX);
      through = Number(newest.get()?.["seq"] ?? after);
      return changes === ENTRIES_MAX;
    };
    const { first, last } = this.#entriesThere(after);
    this.#tell("copying entries", 0, last - first, "entries");
    while (this.#atOneMoment(slice)) {
      this.#tell("copying entries", Math.max(0, through - first), Math.max(last, through) - first, "entries");
    }
    return through;
  }

  /** Copies the records of entries up to this one. A record that is added meanwhile belongs to a later entry. */
  #copyRecords(through: number): void {
    const insert = this.#db.prepare(
      `INSERT INTO metering_record SELECT * FROM source.metering_record
       WHERE (${KEY}) > (?, ?, ?, ?, ?, ?) AND entry_seq <= ? ORDER BY ${KEY} LIMIT ?`,
    );
    const last = this.#db
      .prepare(`SELECT ${KEY} FROM main.metering_record ORDER BY hour DESC, offering DESC, region DESC,
      customer DESC, dimension DESC, discriminator DESC LIMIT 1`);
    let after: (number | string)[] = [Number.MIN_SAFE_INTEGER, 0, 0, 0, 0, ""];
    let done = 0;
    const slice = (): boolean => {
      const { changes } = insert.run(...after, through, ROWS_MAX);
      after = Object.values(last.get() ?? {}) as (number | string)[];
      done += Number(changes);
      return changes === ROWS_MAX;
    };
    // How many there are is not known: counting them takes long.
    while (this.#atOneMoment(slice)) this.#tell("copying records", done, undefined, "records");
  }

  /** The numbers that the entries behind this one lie between. */
  #entriesThere(after: number): { readonly first: number; readonly last: number } {
    const row = this.#db
      .prepare("SELECT (SELECT min(seq) FROM source.entry) AS first, (SELECT max(seq) FROM source.entry) AS last")
      .get();
    const first = Math.max(after, Number(row?.["first"] ?? 1) - 1);
    return { first, last: Math.max(first, Number(row?.["last"] ?? 0)) };
  }

  /** Between two slices, in no transaction. */
  #tell(doing: string, done: number, of: number | undefined, unit: "entries" | "records"): void {
    this.#onProgress({ doing, done, of, unit });
  }

  /** Copies the records of these entries, which are in the copy already. Records can only be found by their keys. */
  #copyRecordsOf(after: number, through: number): void {
    // `OR REPLACE`: an older record under the same key has expired.
    const insert = this.#db.prepare(
      `INSERT OR REPLACE INTO metering_record SELECT * FROM source.metering_record
       WHERE (${KEY}) = (?, ${NUMBER_OF}, ${NUMBER_OF}, ${NUMBER_OF}, ${NUMBER_OF}, ?)`,
    );
    const rows = this.#db
      .prepare(`SELECT ${ENTRY_COLUMNS} FROM main.entry WHERE seq > ? AND seq <= ?`)
      .iterate(after, through);
    for (const row of rows as unknown as Iterable<EntryRow>) {
      for (const { key } of acceptedRecords(decodeEntry(encodedEntryOf(row)))) {
        const { hour, offering, region, customer, dimension, discriminator } = key;
        insert.run(hour, offering, region, customer, dimension, discriminator);
      }
    }
  }

  #copyRest(through: number): void {
    this.#db.prepare("INSERT INTO entry SELECT * FROM source.entry WHERE seq > ?").run(through);
    this.#copyRecordsOf(through, Number.MAX_SAFE_INTEGER);
    const tables = this.#db.prepare("SELECT name FROM main.sqlite_schema WHERE type = 'table'").all();
    for (const { name } of tables) {
      const table = String(name);
      if (!GROWING.has(table)) this.#db.exec(`INSERT INTO "${table}" SELECT * FROM source."${table}"`);
    }
    const version = this.#db.prepare("PRAGMA source.user_version").get()?.["user_version"];
    this.#db.exec(`PRAGMA main.user_version = ${Number(version)}`);
  }

  /** Removes from the copy what has expired in the ledger since it was copied. */
  #removeExpired(): void {
    const base = headIn(this.#db, "chain-base");
    if (base === undefined) return;
    const { changes } = this.#db.prepare("DELETE FROM main.entry WHERE seq <= ?").run(base.seq);
    if (changes !== 0) this.#db.prepare("DELETE FROM main.metering_record WHERE entry_seq <= ?").run(base.seq);
  }

  /** Reads everything from the source as of one moment. Throws BegunAnew. */
  #atOneMoment<T>(body: () => T): T {
    this.#db.exec("BEGIN");
    const noted = this.#db.prepare("SELECT value FROM source.setting WHERE name = 'tail'").get()?.["value"];
    const [generation = "1"] = /\d+$/.exec(String(noted)) ?? [];
    this.#generation ??= generation;
    if (generation !== this.#generation) throw new BegunAnew();
    const result = body();
    this.#db.exec("COMMIT");
    return result;
  }
}
