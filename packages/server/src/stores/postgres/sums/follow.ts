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

/** Everything anew: what has expired, and then the entries that are there. */
async function begin(db: Queryable, lanes: readonly Lane[]): Promise<void> {
  for (const table of ["usage_sum", "tally", "sum_position"]) await db.query(`DELETE FROM countinghouse.${table}`);
  await db.query("INSERT INTO countinghouse.usage_sum SELECT * FROM countinghouse.expired_usage");
  await db.query("INSERT INTO countinghouse.tally SELECT * FROM countinghouse.expired_tally");
  await writePositions(
    db,
    lanes.map(({ number, baseSeq }) => [number, baseSeq]),
  );
  await db.query("UPDATE countinghouse.sums SET is_begun = true");
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
