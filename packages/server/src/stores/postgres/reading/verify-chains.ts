/**
 * Follows the chains of all lanes, one after the other, and compares them with the known heads. It reads a page of entries at a
 * time; the node's other work goes on between two pages.
 */
import { ChainWalk, Disagreement, type KeptEntry } from "../../../ledger/chain-walk.ts";
import type { ChainHead, LaneHead } from "../../../ledger/chain-head.ts";
import type { LedgerEntry } from "../../../ledger/entry.ts";
import type { KnownLaneHead, LedgerVerification } from "../../../ledger/verification.ts";
import { ENTRY_COLUMNS, encodedEntryOf, laneName, searchable, type EntryRow } from "../rows.ts";
import type { Queryable } from "./record-pointers.ts";

const PAGE_ROWS = 200;
/** Lower than any lane's number. */
const LANE_MIN = -(2 ** 31);

interface LaneRow {
  readonly number: number;
  readonly seq: string;
  readonly link: Buffer;
  readonly base_seq: string;
  readonly base_link: Buffer;
}

interface ChainedRow extends EntryRow {
  readonly shard_key: string;
  readonly seq: string;
  readonly link: Buffer;
  readonly operation: string;
  readonly principal: string;
  readonly account: string | null;
  readonly access_key: string | null;
  readonly product: string | null;
}

/** An entry that is in order, with its shard key. */
export interface FollowedEntry {
  readonly shardKey: string;
  readonly lane: number;
  readonly seq: number;
  readonly entry: LedgerEntry;
}

/** Checks the rows that belong to a page of entries. Throws Disagreement. */
type PageCheck = (entries: readonly FollowedEntry[]) => Promise<void>;

/** How many entries there are, by what the lanes say. */
export async function countEntries(db: Queryable): Promise<number> {
  const { rows } = await db.query<{ entries: string | null }>(
    "SELECT sum(seq - base_seq) AS entries FROM countinghouse.lane",
  );
  return Number(rows[0]?.entries ?? 0);
}

/** To be called within one snapshot. */
export async function verifyChains(
  db: Queryable,
  known: readonly KnownLaneHead[],
  check: PageCheck = () => Promise.resolve(),
): Promise<LedgerVerification> {
  const { rows: lanes } = await db.query<LaneRow>(
    "SELECT number, seq, link, base_seq, base_link FROM countinghouse.lane ORDER BY number",
  );
  const heads: LaneHead[] = [];
  let entries = 0;
  let disagreement: string | undefined;
  for (const row of lanes) {
    const lane = laneName(row.number);
    const walk = walkOf(
      row,
      known.filter((head) => head.lane === lane),
    );
    const found = await disagreementOf(() => follow(db, row.number, walk, check));
    if (found !== undefined) disagreement ??= `Lane ${lane}: ${found}`;
    entries += walk.followed;
    heads.push({ lane, ...walk.head });
  }
  const lost = known.find(({ lane, seq }) => seq > 0 && !heads.some((head) => head.lane === lane));
  if (lost !== undefined) disagreement ??= `There is no lane ${lost.lane}, but ${lost.source} knows of it.`;
  disagreement ??= await strangers(
    db,
    lanes.map(({ number }) => number),
  );
  return { entries, heads, disagreement };
}

function walkOf(row: LaneRow, known: readonly KnownLaneHead[]): ChainWalk {
  const noted = { ...headOf(row.seq, row.link), source: "what the last commit noted" };
  return new ChainWalk([...known, noted], headOf(row.base_seq, row.base_link), searchable);
}

function headOf(seq: string, link: Buffer): ChainHead {
  return { seq: Number(seq), link: link.toString("hex") };
}

/** Throws Disagreement. */
async function follow(db: Queryable, lane: number, walk: ChainWalk, check: PageCheck): Promise<void> {
  for (let after = Number.MIN_SAFE_INTEGER; ; after = walk.head.seq) {
    const { rows } = await db.query<ChainedRow>({
      name: "chain",
      text: `SELECT ${ENTRY_COLUMNS}, shard_key, seq, link, operation, principal, account, access_key, product
             FROM countinghouse.entry WHERE lane = $1 AND seq > $2 ORDER BY seq LIMIT ${PAGE_ROWS}`,
      values: [lane, after],
    });
    if (rows.length === 0) break;
    await check(
      rows.map((row) => ({ shardKey: row.shard_key, lane, seq: Number(row.seq), entry: walk.follow(keptEntry(row)) })),
    );
  }
  walk.end();
}

/** Runs a walk; answers the message of the Disagreement that it threw, if it did. */
export async function disagreementOf(walk: () => Promise<void>): Promise<string | undefined> {
  try {
    await walk();
    return undefined;
  } catch (error) {
    if (error instanceof Disagreement) return error.message;
    throw error;
  }
}

/** Looks for entries of unknown lanes, going from lane to lane by the index; there are few lanes. */
async function strangers(db: Queryable, lanes: readonly number[]): Promise<string | undefined> {
  const next = "SELECT min(lane) AS lane FROM countinghouse.entry WHERE lane > $1";
  for (let after: number | null = LANE_MIN; ;) {
    const { rows }: { rows: { lane: number | null }[] } = await db.query<{ lane: number | null }>(next, [after]);
    after = rows[0]?.lane ?? null;
    if (after === null) return undefined;
    if (!lanes.includes(after)) return `There are entries of lane ${after}, and there is no such lane.`;
  }
}

function keptEntry(row: ChainedRow): KeptEntry {
  return {
    seq: Number(row.seq),
    entry: encodedEntryOf(row),
    attributes: {
      operation: row.operation,
      principal: row.principal,
      accountId: row.account ?? undefined,
      accessKeyId: row.access_key ?? undefined,
      productCode: row.product ?? undefined,
    },
    link: row.link,
  };
}
