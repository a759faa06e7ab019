/**
 * Adds up entries, lane by lane, from where the sums have come to. Sums and positions are changed by one transaction, under a lock, so
 * that it does not matter how many nodes do so, nor when one of them dies.
 */
import { decodeEntry } from "../../../ledger/entry-codec.ts";
import { SumDeltas } from "../../../ledger/sums/sum-deltas.ts";
import type { SumsProgress } from "../../../ledger/sums/sums.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../rows.ts";
import { sumStatements } from "./sum-rows.ts";

/** Entries that are added up in one transaction. */
const ENTRIES_AT_ONCE = 1_000;
/** Lower than any day. */
const DAY_MIN = -(2 ** 31);

interface LaneRow {
  readonly number: number;
  readonly seq: string;
  readonly base_seq: string;
  readonly position: string | null;
}

interface Lane {
  readonly number: number;
  readonly headSeq: number;
  readonly baseSeq: number;
  readonly position: number;
}

/** One step, in a transaction of one snapshot; answers how far the sums have come with it. */
export async function addUpSome(db: Queryable): Promise<SumsProgress> {
  // What is lost with the database's power is lost with the positions, and added up again.
  await db.query("SET LOCAL synchronous_commit = off");
  const { rows } = await db.query<{ is_begun: boolean }>("SELECT is_begun FROM countinghouse.sums");
  let lanes = await readLanes(db);
  const isToBegin = rows[0]?.is_begun !== true || lanes.some(({ baseSeq, position }) => position < baseSeq);
  if (isToBegin) {
    await begin(db, lanes);
    lanes = lanes.map((lane) => ({ ...lane, position: lane.baseSeq }));
  }
  const deltas = new SumDeltas();
  const positions: (readonly [lane: number, seq: number])[] = [];
  let left = ENTRIES_AT_ONCE;
  for (const lane of lanes) {
    if (left === 0 || lane.position >= lane.headSeq) continue;
    const entries = await readAfter(db, lane, left);
    for (const row of entries) deltas.add(decodeEntry(encodedEntryOf(row)));
    left -= entries.length;
    if (entries.length > 0) positions.push([lane.number, lane.position + entries.length]);
  }
  for (const statement of sumStatements(deltas.usage, deltas.tallies)) await db.query(statement);
  await writePositions(db, positions);
  const done = lanes.reduce((sum, { position, baseSeq }) => sum + position - baseSeq, ENTRIES_AT_ONCE - left);
  return { done, of: lanes.reduce((sum, { headSeq, baseSeq }) => sum + headSeq - baseSeq, 0) };
}

export async function readLanes(db: Queryable): Promise<Lane[]> {
  const { rows } = await db.query<LaneRow>({
    name: "lanes-and-sums",
    text: `SELECT l.number, l.seq, l.base_seq, p.seq AS position
      FROM countinghouse.lane l LEFT JOIN countinghouse.sum_position p ON p.lane = l.number ORDER BY l.number`,
  });
  return rows.map(({ number, seq, base_seq: baseSeq, position }) => ({
    number,
    headSeq: Number(seq),
    baseSeq: Number(baseSeq),
    position: Number(position ?? 0),
  }));
}

/** How far the sums have come, while somebody else adds up. */
export async function progressOf(db: Queryable): Promise<SumsProgress> {
  const lanes = await readLanes(db);
  const done = lanes.reduce((sum, { position, baseSeq }) => sum + Math.max(0, position - baseSeq), 0);
  return { done, of: lanes.reduce((sum, { headSeq, baseSeq }) => sum + headSeq - baseSeq, 0) };
}

/** As many as follow each other: over several machines, one that was committed with those before may not be seen yet. */
async function readAfter(
  db: Queryable,
  { number, position, headSeq }: Lane,
  limit: number,
): Promise<readonly EntryRow[]> {
  const { rows } = await db.query<EntryRow & { readonly seq: string }>({
    name: "entries-to-sum",
    text: `SELECT ${ENTRY_COLUMNS}, seq FROM countinghouse.entry
      WHERE lane = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4`,
    values: [number, position, headSeq, limit],
  });
  const gap = rows.findIndex(({ seq }, i) => Number(seq) !== position + 1 + i);
  return gap === -1 ? rows : rows.slice(0, gap);
}

/** Everything anew: what has expired, and then the entries that are there. Each statement is about a part of one day, and so is short. */
async function begin(db: Queryable, lanes: readonly Lane[]): Promise<void> {
  await db.query("DELETE FROM countinghouse.sum_position");
  for (const [sums, expired, column] of KEPT) {
    const of = `WHERE day = $1 AND ${column} = $2`;
    await ofEachDay(db, sums, column, `DELETE FROM countinghouse.${sums} ${of}`);
    const insert = `INSERT INTO countinghouse.${sums} SELECT * FROM countinghouse.${expired} ${of}`;
    await ofEachDay(db, expired, column, insert);
  }
  await writePositions(
    db,
    lanes.map(({ number, baseSeq }) => [number, baseSeq]),
  );
  await db.query("UPDATE countinghouse.sums SET is_begun = true");
}

/** The sums, what is kept of them of expired entries, and the column by which a day is divided. */
const KEPT = [
  ["usage_sum", "expired_usage", "product"],
  ["tally", "expired_tally", "about"],
] as const;

/** Runs a statement for each part of each day of a table, going from one to the next by the index. */
async function ofEachDay(db: Queryable, table: string, column: string, text: string): Promise<void> {
  const next = `SELECT day, ${column} AS part FROM countinghouse.${table} WHERE (day, ${column}) > ($1, $2)
    ORDER BY day, ${column} LIMIT 1`;
  for (let place: readonly [day: number, part: string] = [DAY_MIN, ""]; ;) {
    const { rows } = await db.query<{ day: number; part: string }>(next, [...place]);
    const [found] = rows;
    if (found === undefined) return;
    place = [found.day, found.part];
    await db.query(text, [...place]);
  }
}

async function writePositions(db: Queryable, positions: readonly (readonly [number, number])[]): Promise<void> {
  if (positions.length === 0) return;
  await db.query({
    name: "sum-positions",
    text: `INSERT INTO countinghouse.sum_position (lane, seq) SELECT * FROM unnest($1::integer[], $2::bigint[])
      ON CONFLICT (lane) DO UPDATE SET seq = excluded.seq`,
    values: [positions.map(([lane]) => lane), positions.map(([, seq]) => String(seq))],
  });
}
