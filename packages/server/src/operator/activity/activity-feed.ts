/**
 * Every call and change that is kept, told to whoever reads along. It looks at how far the chains have come, while there are
 * readers, and reads what is new: so it tells of what is durable and of nothing else, of other servers' entries as well,
 * and whoever writes does nothing for it.
 */
import type { LaneHead } from "../../ledger/chain-head.ts";
import { ACTIVITY_READERS_MAX } from "../contract/values.ts";
import { ActivityReader } from "./activity-reader.ts";
import { ChainReader, LedgerChangedError, type ReadLedger } from "./chain-reader.ts";
import { eventIdOf, type EventPlace } from "./event-ids.ts";
import { feedEvent, type ActivityFilter } from "./feed-event.ts";

interface ActivityFeedOptions {
  readonly ledger: ReadLedger;
  /** How often it looks, while there are readers. */
  readonly lookMs: number;
  /** Runs a function again and again, until what it answers is called. */
  readonly every: (ms: number, run: () => void) => () => void;
  /** Runs a function once what is arriving now has been taken in. */
  readonly schedule: (run: () => void) => void;
  /** Told where the ledger could not be looked at. */
  readonly onTrouble: (error: Error) => void;
}

/** Entries that are rendered at once: between two steps, others have their turn. */
const STEP = 16;
/** Entries of one look, and how far behind it goes on reading instead of going on from now. */
const LOOK_ENTRIES_MAX = 512;
const BEHIND_MAX = 8_192;
const COMMENT_MS = 15_000;
/**
 * How long the time of an entry may lie before its commit is seen: what a group's statements and a pause of its node take at
 * most, and how far clocks may be apart (`stores/postgres/driver.ts`, `clock-difference.ts`). For ids that say no more than a time.
 */
const COMMIT_MS_MAX = 90_000;

const TOO_MUCH = "More was kept than could be told, so events were left out; it goes on from now.";
const EMPTIED = "The ledger was emptied, or another is in its place; it goes on with what is there now.";
const UNKNOWN =
  "The event to go on from is not in the ledger: what follows is from its time on, as far as that is kept.";

export class ActivityFeed {
  readonly #options: ActivityFeedOptions;
  readonly #readers = new Set<ActivityReader>();
  #opening = 0;
  #chains: ChainReader | undefined;
  #heads: readonly LaneHead[] = [];
  #lastId: string | undefined;
  #stop: (() => void)[] = [];
  #looking: Promise<void> | undefined;
  #reading: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: ActivityFeedOptions) {
    this.#options = options;
  }

  get readers(): number {
    return this.#readers.size;
  }

  /** A reader from now on, or from behind an event; undefined where there are too many. */
  async open(filter: ActivityFilter, from?: EventPlace): Promise<ActivityReader | undefined> {
    if (this.#isClosed || this.#readers.size + this.#opening >= ACTIVITY_READERS_MAX) return undefined;
    this.#opening += 1;
    try {
      await this.#begin();
      const resumed = from === undefined ? undefined : await this.#resumed(from);
      if (this.#isClosed) return undefined;
      const reader = new ActivityReader(
        {
          filter,
          missed: resumed?.chains,
          heads: () => this.#heads,
          inTurn: (run) => this.#inTurn(run),
          onEnd: (ended) => this.#ended(ended),
        },
        from === undefined ? this.#lastId : eventIdOf(from),
      );
      this.#readers.add(reader);
      if (resumed?.isKnown === false) reader.tellGap(UNKNOWN);
      return reader;
    } finally {
      this.#opening -= 1;
      this.#rest();
    }
  }

  /** Ends all readers: a server that stops does not wait for them. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.end();
    this.#rest();
  }

  /** From here on it looks, if it does not look already. */
  async #begin(): Promise<void> {
    if (this.#chains !== undefined) return;
    const heads = await this.#options.ledger.chainHeads();
    const lastId = await this.#idAt(heads);
    if (this.#chains !== undefined) return;
    this.#chains = new ChainReader(this.#options.ledger, heads);
    this.#heads = heads;
    this.#lastId = lastId;
    const { every, lookMs } = this.#options;
    this.#stop = [
      every(lookMs, () => void this.look()),
      every(COMMENT_MS, () => {
        for (const reader of this.#readers) reader.comment(this.#lastId);
      }),
    ];
  }

  #ended(reader: ActivityReader): void {
    this.#readers.delete(reader);
    this.#rest();
  }

  /** Without readers nobody is asked for anything. */
  #rest(): void {
    if (this.#readers.size + this.#opening > 0) return;
    for (const stop of this.#stop.splice(0)) stop();
    this.#chains = undefined;
  }

  /** Whence one reads on who has seen this event. */
  async #resumed(from: EventPlace): Promise<{ readonly chains: ChainReader; readonly isKnown: boolean }> {
    const { ledger } = this.#options;
    const entry = await ledger.entry(from.requestId);
    const heads = await ledger.chainHeads();
    const isKnown = entry?.atMs === from.atMs;
    if (isKnown && from.positions !== undefined) {
      const known = new Map(heads.map(({ lane, seq }) => [lane, seq]));
      const lanes = [...from.positions].map(([lane, seq]) => ({ lane, seq: Math.min(seq, known.get(lane) ?? 0) }));
      return { chains: new ChainReader(ledger, lanes), isKnown };
    }
    // One lane is in the order of time. Of several, one that is older may be committed later.
    const marginMs = heads.length > 1 ? COMMIT_MS_MAX : 0;
    return { chains: new ChainReader(ledger, await ledger.chainsBefore(from.atMs - marginMs)), isKnown };
  }

  /** Looks for what is new, and tells it. It is called again and again while there are readers; tests call it at their own time. */
  look(): Promise<void> {
    this.#looking ??= this.#lookOnce()
      .catch((error: unknown) => this.#options.onTrouble(error as Error))
      .finally(() => (this.#looking = undefined));
    return this.#looking;
  }

  async #lookOnce(): Promise<void> {
    const chains = this.#chains;
    if (chains === undefined) return;
    const heads = await this.#options.ledger.chainHeads();
    try {
      const behind = chains.behind(heads);
      if (behind > BEHIND_MAX) await this.#leaveOut(heads);
      else if (behind > 0) await this.#tell(chains, heads);
    } catch (error) {
      if (!(error instanceof LedgerChangedError)) throw error;
      this.#chains = new ChainReader(this.#options.ledger, []);
      this.#heads = [];
      for (const reader of this.#readers) reader.beginAnew(EMPTIED);
    }
  }

  async #tell(chains: ChainReader, heads: readonly LaneHead[]): Promise<void> {
    for (let told = 0; told < LOOK_ENTRIES_MAX; told += STEP) {
      const entries = await chains.take(heads, STEP);
      // Meanwhile all readers may have gone, and others have come.
      if (chains !== this.#chains || entries.length === 0) return;
      for (const { entry, positions } of entries) {
        const event = feedEvent(entry, positions);
        this.#heads = withPositions(heads, positions);
        this.#lastId = event.id;
        for (const reader of this.#readers) reader.give(event);
      }
      await new Promise<void>((resume) => this.#options.schedule(resume));
    }
  }

  /** Goes on from now. */
  async #leaveOut(heads: readonly LaneHead[]): Promise<void> {
    const to = await this.#idAt(heads);
    this.#chains = new ChainReader(this.#options.ledger, heads);
    this.#heads = heads;
    this.#lastId = to;
    for (const reader of this.#readers) reader.leaveOut(to, TOO_MUCH);
  }

  /** The id by which one goes on behind these heads: that of the newest entry; undefined where there is none. */
  async #idAt(heads: readonly LaneHead[]): Promise<string | undefined> {
    const newest = await Promise.all(heads.map(({ lane, seq }) => this.#options.ledger.chainEntries(lane, seq, 1)));
    const last = newest
      .flat()
      .map(({ entry }) => entry)
      .toSorted((a, b) => a.atMs - b.atMs)
      .at(-1);
    const positions = new Map(heads.map(({ lane, seq }) => [lane, seq]));
    return last && eventIdOf({ atMs: last.atMs, requestId: last.call.requestId, positions });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const turn = this.#reading.then(async () => {
      await new Promise<void>((resume) => this.#options.schedule(resume));
      return run();
    });
    this.#reading = turn.catch(() => undefined);
    return turn;
  }
}

/** The heads as far as entries have been given out. */
function withPositions(heads: readonly LaneHead[], positions: ReadonlyMap<string, number>): readonly LaneHead[] {
  return heads.map((head) => ({ ...head, seq: positions.get(head.lane) ?? 0 })).filter(({ seq }) => seq > 0);
}
