/**
 * Reads the entries of a ledger once, in the order of their chain, and adds them up. The ledger is read in short transactions, so
 * that its log need not hold what is committed meanwhile. Whether the sums fit the ledger is told by the chain: the entry that they
 * have come to must be there, with its link.
 */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { CHAIN_START } from "../../../ledger/chain.ts";
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import { SumDeltas } from "../../../ledger/sums/sum-deltas.ts";
import { DAY_HOURS, type SumCells, type SumsProgress, type UsageCell } from "../../../ledger/sums/sums.ts";
import { HOUR_COLUMNS, dayAndHour, kindNumber } from "../../../sum-tables/rows.ts";
import { headIn } from "../verification/slices.ts";
import { readExpiredSums } from "./expired-sums.ts";
import { addTally, dayUpsert, tallyUpsert, usageUpsert, usageUpserts } from "./sum-rows.ts";
import { ROW_KEY, emptySums, readPosition, writePosition, type SumsPosition } from "./sums-file.ts";

/** One transaction of the ledger reads so many entries at most, and ends with the entry that makes it so long. */
const READ_ENTRIES = 100;
const READ_CHARACTERS = 1_000_000;
/** One transaction of the sums takes in what so many reads have brought. */
const READS_PER_WRITE = 20;
/**
 * Bounds what is held in memory of a write, and the names whose numbers are known without a look-up. What is held for long is
 * garbage that is collected late, and a long write keeps processors from whoever ingests.
 */
const CELLS_MAX = 5_000;
const NAMES_MAX = 100_000;
/** One statement that adds so many rows takes a fifth less time than one for each row. */
const ROWS_PER_STATEMENT = 25;
/** The key, the latest time of usage, and the amount. */
const ROW_VALUES = ROW_KEY.length + 2;

interface ReadRow {
  readonly seq: number;
  readonly atMs: number;
  readonly body: string;
  readonly link: Uint8Array | null;
}

export class SumsFollower {
  readonly #ledger: DatabaseSync;
  readonly #sums: DatabaseSync;
  readonly #upserts: readonly StatementSync[];
  /** By hours of the day; prepared when they are first needed. */
  readonly #upsertsOfMany = new Map<number, StatementSync>();
  readonly #upsertDay: StatementSync;
  readonly #upsertTally: StatementSync;
  readonly #selectName: StatementSync;
  readonly #insertName: StatementSync;
  readonly #selectEntries: StatementSync;
  readonly #names = new Map<string, number>();
  readonly #selectDataVersion: StatementSync;
  readonly #throughSeq: number;
  #dataVersion: number;
  #position: SumsPosition | undefined;

  /** `ledger` is only read, and up to an entry at most. */
  constructor(ledger: DatabaseSync, sums: DatabaseSync, throughSeq = Number.MAX_SAFE_INTEGER) {
    this.#throughSeq = throughSeq;
    this.#ledger = ledger;
    this.#sums = sums;
    this.#upserts = usageUpserts(sums, "day_sum", ROW_KEY);
    this.#upsertDay = dayUpsert(sums);
    this.#upsertTally = tallyUpsert(sums, "tally");
    this.#selectName = sums.prepare("SELECT id FROM name WHERE text = ?");
    this.#insertName = sums.prepare("INSERT INTO name (text) VALUES (?) RETURNING id");
    this.#selectEntries = ledger.prepare(
      "SELECT seq, at_ms AS atMs, body, link FROM entry WHERE seq > ? AND seq <= ? ORDER BY seq LIMIT ?",
    );
    this.#selectDataVersion = sums.prepare("PRAGMA data_version");
    this.#dataVersion = this.#readDataVersion();
    this.#position = readPosition(sums);
  }

  get position(): SumsPosition | undefined {
    return this.#position;
  }

  /** Adds up some entries; answers how far it has come. At the end, `done` is `of`. */
  step(): SumsProgress {
    const deltas = new SumDeltas();
    let position = this.#position ?? this.#begin();
    let head = position.seq;
    for (let reads = 0; reads < READS_PER_WRITE && deltas.size < CELLS_MAX; reads += 1) {
      const read = this.#read(position);
      // The ledger is another one, was emptied, or has let expire what was not added up yet.
      if (read === undefined) {
        this.#begin();
        return this.step();
      }
      ({ head } = read);
      for (const { atMs, body } of read.rows) deltas.add(decodeEntry({ requestId: "", atMs, body }));
      const last = read.rows.at(-1);
      if (last === undefined) break;
      position = { ...position, seq: last.seq, link: last.link ?? NO_LINK };
    }
    if (position.seq !== this.#position?.seq && !this.#write(deltas, position)) return this.step();
    return { done: position.seq - position.baseSeq, of: Math.max(head, position.seq) - position.baseSeq };
  }

  /** What comes after the position; undefined where that is no position of this ledger. */
  #read(position: SumsPosition): { readonly head: number; readonly rows: readonly ReadRow[] } | undefined {
    return this.#atOneMoment(() => {
      if (!fits(this.#ledger, position)) return undefined;
      const newest = Number(this.#ledger.prepare("SELECT max(seq) AS seq FROM entry").get()?.["seq"] ?? position.seq);
      const head = Math.min(newest, this.#throughSeq);
      const rows: ReadRow[] = [];
      let characters = 0;
      for (const row of this.#selectEntries.iterate(
        position.seq,
        this.#throughSeq,
        READ_ENTRIES,
      ) as unknown as Iterable<ReadRow>) {
        rows.push(row);
        characters += row.body.length;
        if (characters >= READ_CHARACTERS) break;
      }
      return { head, rows };
    });
  }

  /** Everything anew: what has expired, from the ledger's own sums of that, and then the entries that are there. */
  #begin(): SumsPosition {
    const position = this.#atOneMoment(() => {
      const base = baseOf(this.#ledger);
      const { parts, completeSinceMs } = readExpiredSums(this.#ledger);
      const begun = { seq: base.seq, link: base.link, baseSeq: base.seq, completeSinceMs };
      this.#transaction(() => {
        emptySums(this.#sums);
        this.#names.clear();
        for (const part of parts) this.#add(part);
        writePosition(this.#sums, begun);
      });
      return begun;
    });
    this.#position = position;
    return position;
  }

  /** Where another follower has written meanwhile, writes nothing, goes to the place that it has come to, and answers false. */
  #write(deltas: SumDeltas, position: SumsPosition): boolean {
    this.#position = this.#transaction(() => {
      const dataVersion = this.#readDataVersion();
      if (dataVersion !== this.#dataVersion) {
        this.#dataVersion = dataVersion;
        this.#names.clear();
        return readPosition(this.#sums);
      }
      this.#add(deltas);
      writePosition(this.#sums, position);
      return position;
    });
    return this.#position === position;
  }

  /** Another one after each commit of another connection. */
  #readDataVersion(): number {
    return Number(this.#selectDataVersion.get()?.["data_version"]);
  }

  #add({ usage, tallies }: SumCells): void {
    const ofHours = HOUR_COLUMNS.map((): SumValue[] => []);
    // In the order of the tree: neighbours share pages.
    for (const { key, cells } of this.#rowsOf(usage).toSorted((a, b) => compareKeys(a.key, b.key))) {
      const [first] = cells;
      if (cells.length > 1) this.#upsertDay.run(...key, ...dayValues(cells));
      else if (first !== undefined) ofHours[dayAndHour(first)[1]]?.push(...key, first.lastMs, first.amount);
    }
    ofHours.forEach((values, hour) => this.#addToHour(hour, values));
    for (const cell of tallies) addTally(this.#upsertTally, cell);
  }

  /** Adds rows that each have one hour, the same: many by one statement, and the rest one by one. */
  #addToHour(hour: number, values: readonly SumValue[]): void {
    const many = ROWS_PER_STATEMENT * ROW_VALUES;
    let at = 0;
    for (; values.length - at >= many; at += many) this.#upsertOfMany(hour).run(...values.slice(at, at + many));
    for (; at < values.length; at += ROW_VALUES) this.#upserts[hour]?.run(...values.slice(at, at + ROW_VALUES));
  }

  #upsertOfMany(hour: number): StatementSync {
    const known = this.#upsertsOfMany.get(hour);
    if (known !== undefined) return known;
    const column = HOUR_COLUMNS[hour] as string;
    const made = usageUpsert(this.#sums, "day_sum", ROW_KEY, { hour: column, rows: ROWS_PER_STATEMENT });
    this.#upsertsOfMany.set(hour, made);
    return made;
  }

  /** Cells of one series follow each other, but of no day. */
  #rowsOf(usage: readonly UsageCell[]): readonly DayRow[] {
    const rows: DayRow[] = [];
    let before: UsageCell | undefined;
    let ofSeries = new Map<number, DayRow>();
    for (const cell of usage) {
      if (before === undefined || !isSameSeries(before, cell)) ofSeries = new Map();
      before = cell;
      const [day] = dayAndHour(cell);
      const row = ofSeries.get(day);
      if (row !== undefined) row.cells.push(cell);
      else {
        const made = { key: this.#keyOf(day, cell), cells: [cell] };
        ofSeries.set(day, made);
        rows.push(made);
      }
    }
    return rows;
  }

  #keyOf(day: number, { product, region, kind, customer, dimension }: UsageCell): RowKey {
    const number = (name: string): number => this.#numberOf(name);
    return [day, number(product), number(region), kindNumber(kind), number(customer), number(dimension)];
  }

  #numberOf(name: string): number {
    const known = this.#names.get(name);
    if (known !== undefined) return known;
    const number = Number((this.#selectName.get(name) ?? this.#insertName.get(name))?.["id"]);
    if (this.#names.size >= NAMES_MAX) this.#names.clear();
    this.#names.set(name, number);
    return number;
  }

  #transaction<T>(body: () => T): T {
    try {
      this.#sums.exec("BEGIN IMMEDIATE");
      const result = body();
      this.#sums.exec("COMMIT");
      return result;
    } catch (error) {
      if (this.#sums.isTransaction) this.#sums.exec("ROLLBACK");
      this.#names.clear();
      throw error;
    }
  }

  #atOneMoment<T>(read: () => T): T {
    this.#ledger.exec("BEGIN");
    try {
      return read();
    } finally {
      this.#ledger.exec("COMMIT");
    }
  }
}

/** In the order of `ROW_KEY`. */
type RowKey = readonly [
  day: number,
  product: number,
  region: number,
  kind: number,
  customer: number,
  dimension: number,
];

type SumValue = number | bigint;

interface DayRow {
  readonly key: RowKey;
  readonly cells: UsageCell[];
}

function compareKeys(a: RowKey, b: RowKey): number {
  for (let i = 0; i < a.length; i += 1) {
    const difference = (a[i] as number) - (b[i] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** The latest time of usage, and the amount of each hour of the day. */
function dayValues(cells: readonly UsageCell[]): (number | bigint | null)[] {
  const values = Array<number | bigint | null>(DAY_HOURS + 1).fill(null);
  values[0] = Math.max(...cells.map(({ lastMs }) => lastMs));
  for (const cell of cells) values[dayAndHour(cell)[1] + 1] = cell.amount;
  return values;
}

function isSameSeries(a: UsageCell, b: UsageCell): boolean {
  return (
    a.customer === b.customer &&
    a.dimension === b.dimension &&
    a.product === b.product &&
    a.region === b.region &&
    a.kind === b.kind
  );
}

/** Whether a position is one of this ledger: its entry is there, with its link, or the chain begins after it. */
export function fits(ledger: DatabaseSync, { seq, link }: SumsPosition): boolean {
  const base = baseOf(ledger);
  if (base.seq === seq) return base.link.equals(link);
  const row = seq < base.seq ? undefined : ledger.prepare("SELECT link FROM entry WHERE seq = ?").get(seq);
  return row !== undefined && Buffer.from((row["link"] as Uint8Array | null) ?? NO_LINK).equals(link);
}

/** Of entries that were kept without a trail, as the benchmark can. */
const NO_LINK = new Uint8Array();

/** What the chain begins after. */
function baseOf(ledger: DatabaseSync): { readonly seq: number; readonly link: Buffer } {
  const base = headIn(ledger, "chain-base");
  return base === undefined
    ? { seq: 0, link: Buffer.from(CHAIN_START) }
    : { seq: base.seq, link: Buffer.from(base.link, "hex") };
}
