/** Reads the chains of all lanes onwards from given places, in the order of time. Gives out each entry once. */
import type { LaneHead } from "../../ledger/chain-head.ts";
import type { ChainedEntry, Ledger } from "../../ledger/ledger.ts";
import type { Positions } from "./event-ids.ts";

/** The part of the ledger that the activity reads. */
export type ReadLedger = Pick<Ledger, "chainHeads" | "chainEntries" | "chainsBefore" | "entry">;

/** An entry, and the positions of all chains once it has been given out. */
interface ReadEntry extends ChainedEntry {
  readonly positions: Positions;
}

/** The ledger was emptied, or another ledger is in its place. */
export class LedgerChangedError extends Error {}

interface LaneReading {
  seq: number;
  /** The link of the entry that was given out last; undefined where only its number is known. */
  link: string | undefined;
  /** Entries that were read, but not given out. */
  ahead: readonly ChainedEntry[];
}

/** How many entries of one lane are read at once, unless whoever takes them says otherwise. */
const STEP = 64;

export class ChainReader {
  readonly #ledger: ReadLedger;
  readonly #lanes = new Map<string, LaneReading>();

  /** Begins after `heads`; for a lane without a head, at its first entry. */
  constructor(ledger: ReadLedger, heads: readonly (Pick<LaneHead, "lane" | "seq"> & { readonly link?: string })[]) {
    this.#ledger = ledger;
    for (const { lane, seq, link } of heads) this.#lanes.set(lane, { seq, link, ahead: [] });
  }

  get positions(): Positions {
    return new Map([...this.#lanes].map(([lane, { seq }]) => [lane, seq]));
  }

  /** How many entries lie between the reader's place and these heads. Throws LedgerChangedError where the heads lie before it. */
  behind(heads: readonly LaneHead[]): number {
    const known = new Map(heads.map((head) => [head.lane, head]));
    for (const [lane, { seq, link }] of this.#lanes) {
      const head = known.get(lane);
      if (seq > 0 && (head === undefined || head.seq < seq)) throw new LedgerChangedError();
      if (head !== undefined && head.seq === seq && link !== undefined && head.link !== link)
        throw new LedgerChangedError();
    }
    return heads.reduce((sum, { lane, seq }) => sum + seq - (this.#lanes.get(lane)?.seq ?? 0), 0);
  }

  /**
   * The next entries up to these heads, at most `limit`. Where they are fewer, the other entries are not visible yet. At most
   * `ahead` entries of each lane are held between two calls.
   */
  async take(heads: readonly LaneHead[], limit: number, ahead = STEP): Promise<readonly ReadEntry[]> {
    const taken: ReadEntry[] = [];
    while (taken.length < limit) {
      const next = await this.#next(heads, ahead);
      if (next === undefined) break;
      const [lane, reading] = next;
      const [entry, ...others] = reading.ahead as [ChainedEntry, ...ChainedEntry[]];
      this.#lanes.set(lane, { seq: entry.seq, link: entry.link, ahead: others });
      taken.push({ ...entry, positions: this.positions });
    }
    return taken;
  }

  /** The lane whose next entry is the oldest of all. */
  async #next(heads: readonly LaneHead[], ahead: number): Promise<readonly [string, LaneReading] | undefined> {
    let oldest: readonly [string, LaneReading] | undefined;
    for (const head of heads) {
      const reading = await this.#filled(head, ahead);
      const [first] = reading.ahead;
      if (first === undefined) continue;
      if (oldest === undefined || first.entry.atMs < (oldest[1].ahead[0] as ChainedEntry).entry.atMs) {
        oldest = [head.lane, reading];
      }
    }
    return oldest;
  }

  async #filled({ lane, seq: headSeq }: LaneHead, ahead: number): Promise<LaneReading> {
    const reading = this.#lanes.get(lane) ?? { seq: 0, link: undefined, ahead: [] };
    this.#lanes.set(lane, reading);
    if (reading.ahead.length > 0 || reading.seq >= headSeq) return reading;
    const isKnown = reading.link !== undefined && reading.seq > 0;
    const fromSeq = isKnown ? reading.seq : reading.seq + 1;
    const limit = Math.min(ahead + (isKnown ? 1 : 0), headSeq - fromSeq + 1);
    const rows = await this.#ledger.chainEntries(lane, fromSeq, limit);
    const [first] = rows;
    // The entry that was read last is read again: a different entry at its place means another chain.
    if (isKnown && first?.seq === reading.seq && first.link !== reading.link) throw new LedgerChangedError();
    reading.ahead = contiguous(rows).filter(({ seq }) => seq > reading.seq);
    return reading;
  }
}

/** The rows before the first hole: a commit on several machines becomes visible in parts. Earlier entries may have expired. */
function contiguous(rows: readonly ChainedEntry[]): readonly ChainedEntry[] {
  const hole = rows.findIndex(({ seq }, i) => i > 0 && seq !== (rows[i - 1] as ChainedEntry).seq + 1);
  return hole === -1 ? rows : rows.slice(0, hole);
}
