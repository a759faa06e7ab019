/** The chains of all lanes: their heads, their oldest entries, and the time since which entries are kept. */
import type { EpochMs } from "@countinghouse/protocol";
import type { LaneHead } from "../../../ledger/chain-head.ts";
import type { EncodedEntry } from "../../../ledger/entry-codec.ts";
import type { ChainedRow } from "../../../ledger/engine.ts";
import { ENTRY_COLUMNS, encodedEntryOf, laneName, laneNumber, type EntryRow } from "../rows.ts";
import type { Queryable } from "./record-pointers.ts";

/** A lane that nothing has been written to yet is left out. */
export async function readHeads(db: Queryable): Promise<LaneHead[]> {
  const { rows } = await db.query<{ number: number; seq: string; link: Buffer }>(
    "SELECT number, seq, link FROM countinghouse.lane WHERE seq > 0 ORDER BY number",
  );
  return rows.map(({ number, seq, link }) => ({
    lane: laneName(number),
    seq: Number(seq),
    link: link.toString("hex"),
  }));
}

/** Entries of one lane, in the order of its chain. */
export async function readChain(db: Queryable, lane: string, fromSeq: number, limit: number): Promise<ChainedRow[]> {
  const { rows } = await db.query<EntryRow & { seq: string; link: Buffer }>({
    name: "chain-entries",
    text: `SELECT ${ENTRY_COLUMNS}, seq, link FROM countinghouse.entry
           WHERE lane = $1 AND seq >= $2 ORDER BY seq LIMIT $3`,
    values: [laneNumber(lane), fromSeq, limit],
  });
  return rows.map((row) => ({ seq: Number(row.seq), link: row.link.toString("hex"), entry: encodedEntryOf(row) }));
}

/** Of each lane the newest entry of before a time; where it has none of before, that it had not begun is not said. */
export async function readChainsBefore(db: Queryable, atMs: EpochMs): Promise<LaneHead[]> {
  const { rows: lanes } = await db.query<{ number: number }>(
    "SELECT number FROM countinghouse.lane WHERE seq > 0 ORDER BY number",
  );
  const heads: LaneHead[] = [];
  for (const { number } of lanes) {
    const { rows } = await db.query<{ seq: string; link: Buffer }>(
      `SELECT seq, link FROM countinghouse.entry WHERE lane = $1 AND at_ms < $2 ORDER BY seq DESC LIMIT 1`,
      [number, atMs],
    );
    const [row] = rows;
    if (row !== undefined) heads.push({ lane: laneName(number), seq: Number(row.seq), link: row.link.toString("hex") });
  }
  return heads;
}

/** The time of the oldest entry, if older entries have expired; otherwise undefined. */
export async function readKeptSince(db: Queryable): Promise<EpochMs | undefined> {
  const { rows: expired } = await db.query("SELECT 1 FROM countinghouse.lane WHERE any_expired LIMIT 1");
  if (expired.length === 0) return undefined;
  const { rows } = await db.query<{ oldest: string | null }>("SELECT min(at_ms) AS oldest FROM countinghouse.entry");
  const oldest = rows[0]?.oldest ?? undefined;
  return oldest === undefined ? undefined : Number(oldest);
}

/** The oldest entries of a lane before a time; `through` is the newest of them. */
interface OldestEntries {
  readonly through: LaneHead;
  readonly entries: readonly EncodedEntry[];
}

/** The oldest entries, at most `limit`, of the lane with the oldest entry; undefined where no entry is before the time. */
export async function readOldest(db: Queryable, beforeMs: EpochMs, limit: number): Promise<OldestEntries | undefined> {
  const { rows } = await db.query<EntryRow & { lane: number; seq: string; link: Buffer }>(
    `SELECT ${ENTRY_COLUMNS}, lane, seq, link FROM countinghouse.entry
     WHERE lane = (SELECT lane FROM countinghouse.entry WHERE at_ms < $1 ORDER BY at_ms, request_id LIMIT 1)
     ORDER BY seq LIMIT $2`,
    [beforeMs, limit],
  );
  const firstKept = rows.findIndex((row) => Number(row.at_ms) >= beforeMs);
  const old = firstKept === -1 ? rows : rows.slice(0, firstKept);
  const last = old.at(-1);
  if (last === undefined) return undefined;
  const through = { lane: laneName(last.lane), seq: Number(last.seq), link: last.link.toString("hex") };
  return { through, entries: old.map(encodedEntryOf) };
}
