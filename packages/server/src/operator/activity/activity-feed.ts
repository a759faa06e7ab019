/**
 * Tells readers of every kept call and change. While there are readers, the feed compares the chains' heads regularly and reads
 * the new entries. So it tells only of durable entries, also of other servers' entries, and costs the writers nothing.
 */
import type { LaneHead } from "../../ledger/chain-head.ts";
import { ACTIVITY_READERS_MAX } from "../contract/values.ts";
import { ActivityReader } from "./activity-reader.ts";
import { ChainReader, LedgerChangedError, type ReadLedger } from "./chain-reader.ts";
import { eventIdOf, type EventPlace } from "./event-ids.ts";
import { feedEvent, type ActivityFilter } from "./feed-event.ts";

interface ActivityFeedOptions {
  readonly ledger: ReadLedger;
  /** How often the feed looks for new entries, while there are readers. */
  readonly lookMs: number;
  /** Runs a function regularly; the answered function stops that. */
  readonly every: (ms: number, run: () => void) => () => void;
  /** Runs a function after the work that is arriving now has been taken in. */
  readonly schedule: (run: () => void) => void;
  /** Called where the ledger's new entries could not be read. */
  readonly onTrouble: (error: Error) => void;
}

/** How many entries are rendered at once; other work has its turn between two steps. */
const STEP = 16;
/** How many entries one look reads; and from how many unread entries on the feed leaves entries out and goes on from now. */
const LOOK_ENTRIES_MAX = 512;
const BEHIND_MAX = 8_192;
const COMMENT_MS = 15_000;
/**
 * How long after its time an entry's commit may become visible: at most the time of a group's statements and of a pause of its
 * node, plus the difference of the clocks (`stores/postgres/driver.ts`, `clock-difference.ts`). For ids without positions.
 */
const COMMIT_MS_MAX = 90_000;

const TOO_MUCH =
  "More calls were kept than this reader could be sent, so events were left out. The activity goes on from now.";
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

  /** Adds a reader of events from now on, or of events after a given one; undefined where there are too many readers. */
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

  /** Ends all readers, so that a server that stops does not wait for them. */
  close(): void {
    this.#isClosed = true;
    for (const reader of this.#readers) reader.end();
    this.#rest();
  }

  /** Begins to look for new entries, if the feed does not do so already. */
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

  /** Without readers, the feed stops asking the ledger. */
  #rest(): void {
    if (this.#readers.size + this.#opening > 0) return;
    for (const stop of this.#stop.splice(0)) stop();
    this.#chains = undefined;
  }

  /** The place from which a reader goes on that has seen this event. */
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
    // A single lane is in the order of time. With several lanes, an older entry may be committed later.
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
      // All readers may have left meanwhile, and others have come.
      if (chains !== this.#chains || entries.length === 0) return;
      for (const { entry, positions } of entries) {
        const event = feedEvent(entry, positions);
        this.#heads = withPositions(heads, positions);
        this.#lastId = event.id;
        for (const reader of this.#readers) reader.give(event);
        await this.#letSend();
        if (chains !== this.#chains) return;
      }
      await this.#turn();
    }
  }

  /**
   * Before readers have no more room, lets them send, as long as one of them gets on: a few large events are no reason to leave any
   * out. Nobody waits here for a reader that does not read.
   */
  async #letSend(): Promise<void> {
    let taken: number | undefined;
    for (;;) {
      const filling = [...this.#readers].filter(({ isFilling }) => isFilling);
      if (filling.length === 0) return;
      const now = filling.reduce((sum, { chunksTaken }) => sum + chunksTaken, 0);
      if (now === taken) return;
      taken = now;
      await this.#turn();
    }
  }

  #turn(): Promise<void> {
    return new Promise((resume) => this.#options.schedule(resume));
  }

  /** Leaves entries out, and goes on from now. */
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
      await this.#turn();
      return run();
    });
    this.#reading = turn.catch(() => undefined);
    return turn;
  }
}

/** The heads, set back to the entries that readers have been given. */
function withPositions(heads: readonly LaneHead[], positions: ReadonlyMap<string, number>): readonly LaneHead[] {
  return heads.map((head) => ({ ...head, seq: positions.get(head.lane) ?? 0 })).filter(({ seq }) => seq > 0);
}
