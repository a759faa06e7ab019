/**
 * One reader of the activity: the events that wait for it, within bounds, and what it is told where it was too slow. A reader
 * that resumes first gets the events that it missed, read from the ledger at its own pace; then it gets new events like the
 * others.
 */
import type { LaneHead } from "../../ledger/chain-head.ts";
import type { ChainReader } from "./chain-reader.ts";
import { feedEvent, gapBytes, isWanted, type ActivityFilter, type FeedEvent } from "./feed-event.ts";

/** How many events, and bytes of them, may wait for one reader; all readers share the events themselves. */
const WAITING_EVENTS_MAX = 1_000;
const WAITING_BYTES_MAX = 1_048_576;
/** The listener treats a chunk of at most this size as small. */
const CHUNK_BYTES_MAX = 65_536;
/** How many entries are read at once for a reader that has missed some: few while they are large, or while that is not known. */
const MISSED_STEP_MIN = 1;
const MISSED_STEP_MAX = 64;

const COMMENT = Buffer.from(":\n\n");
const TOO_SLOW = "It was read too slowly, so events were left out; it goes on from now.";

interface ReaderOptions {
  readonly filter: ActivityFilter;
  /** The chains from which the reader's missed events are read first; undefined for a reader that begins now. */
  readonly missed?: ChainReader | undefined;
  /** The heads up to which readers have been given events. */
  readonly heads: () => readonly LaneHead[];
  /** Runs reads of the ledger for all readers one after the other. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  readonly onEnd: (reader: ActivityReader) => void;
}

export class ActivityReader {
  readonly #options: ReaderOptions;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #chunksTaken = 0;
  #missed: ChainReader | undefined;
  #missedStep = MISSED_STEP_MIN;
  /** The new events since the reader began to get its missed ones; undefined where they were too many, and must be read, too. */
  #meanwhile: FeedEvent[] | undefined = [];
  #target: readonly LaneHead[];
  #lastId: string | undefined;
  #gap: { from: string | undefined; to: string | undefined; reason: string } | undefined;
  #wake: (() => void) | undefined;
  #isEnded = false;

  constructor(options: ReaderOptions, lastId?: string) {
    this.#options = options;
    this.#missed = options.missed;
    this.#lastId = lastId;
    this.#target = options.heads();
  }

  /** Whether half of its room is taken. */
  get isFilling(): boolean {
    return this.#waitingBytes > WAITING_BYTES_MAX / 2;
  }

  /** How many chunks it has been sent. */
  get chunksTaken(): number {
    return this.#chunksTaken;
  }

  /** Gives the reader an event; the reader ignores an unwanted event, and notes a gap where it has no room. */
  give(event: FeedEvent): void {
    if (this.#isEnded || !isWanted(event, this.#options.filter)) return;
    if (this.#missed === undefined) this.#add(event);
    else if (this.#meanwhile !== undefined && this.#meanwhile.length < WAITING_EVENTS_MAX) this.#meanwhile.push(event);
    else this.#meanwhile = undefined;
  }

  /** Notes that the feed left events out for all readers. A reader of missed events gets them from the ledger, too. */
  leaveOut(to: string | undefined, reason: string): void {
    if (this.#missed !== undefined) this.#meanwhile = undefined;
    else this.#noteGap(to, reason);
  }

  /** The ledger was emptied or replaced, so the missed events no longer exist. */
  beginAnew(reason: string): void {
    this.#missed = undefined;
    this.#noteGap(undefined, reason);
  }

  /** Tells the reader at once that missed events cannot be given. */
  tellGap(reason: string): void {
    this.#push(gapBytes({ from: this.#lastId, reason }));
  }

  /** In its place among the events that wait, where there is room: what comes after it is not left out. */
  #noteGap(to: string | undefined, reason: string): void {
    if (this.#gap !== undefined || this.#isFull(0)) {
      this.#gap = { from: this.#gap?.from ?? this.#lastId, to, reason };
      return;
    }
    this.#push(gapBytes({ from: this.#lastId, to, reason }));
    this.#lastId = to ?? this.#lastId;
  }

  /**
   * Sends a sign of life where nothing else is waiting to be sent. It carries the id from which a reader goes on: without it, a reader
   * that wants few events would read all others again after a reconnection.
   */
  comment(lastId: string | undefined): void {
    if (this.#waiting.length > 0) return;
    const isUpToDate = this.#missed === undefined && this.#gap === undefined && lastId !== undefined;
    this.#push(isUpToDate ? Buffer.from(`:\nid: ${lastId}\n\n`) : COMMENT);
    if (isUpToDate) this.#lastId = lastId;
  }

  /** The id from which a reader goes on that has not received any event yet. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#waiting = [];
    this.#options.onEnd(this);
    this.#tell();
  }

  /** Answers the next bytes to send, as soon as there are any; undefined after the reader has ended. */
  async next(): Promise<Uint8Array | undefined> {
    while (!this.#isEnded) {
      if (this.#waiting.length > 0) return this.#chunk();
      if (this.#missed !== undefined) await this.#options.inTurn(() => this.#readMissed(this.#missed));
      else if (this.#gap !== undefined) {
        const gap = this.#gap;
        this.#gap = undefined;
        this.#push(gapBytes(gap));
      } else await new Promise<void>((resume) => (this.#wake = resume));
    }
    return undefined;
  }

  /** Reads the next missed events; when none is left, the reader gets new events. */
  async #readMissed(missed: ChainReader | undefined): Promise<void> {
    if (missed === undefined || this.#isEnded) return;
    const entries = await missed.take(this.#target, this.#missedStep, this.#missedStep);
    // The reader may have been told meanwhile to begin anew.
    if (missed !== this.#missed) return;
    let bytes = 0;
    for (const { entry, positions } of entries) {
      const event = feedEvent(entry, positions);
      bytes += event.bytes.length;
      this.#lastId = event.id;
      if (isWanted(event, this.#options.filter)) this.#push(event.bytes);
    }
    const isSmall = bytes < CHUNK_BYTES_MAX;
    this.#missedStep = isSmall ? Math.min(this.#missedStep * 2, MISSED_STEP_MAX) : MISSED_STEP_MIN;
    if (entries.length > 0) return;
    if (this.#meanwhile === undefined) {
      // Too many new events came, so they are read from the ledger as well, up to the feed's present heads.
      this.#meanwhile = [];
      this.#target = this.#options.heads();
      return;
    }
    const meanwhile = this.#meanwhile;
    this.#missed = undefined;
    for (const event of meanwhile) this.#add(event);
  }

  #add(event: FeedEvent): void {
    if (this.#gap !== undefined || this.#isFull(event.bytes.length)) {
      this.#gap ??= { from: this.#lastId, to: undefined, reason: TOO_SLOW };
      this.#gap.to = event.id;
      return;
    }
    this.#lastId = event.id;
    this.#push(event.bytes);
  }

  /** Whether so many bytes more do not fit. An event that is larger than all there is room for is taken by itself. */
  #isFull(bytes: number): boolean {
    if (this.#waiting.length === 0) return false;
    return this.#waiting.length >= WAITING_EVENTS_MAX || this.#waitingBytes + bytes > WAITING_BYTES_MAX;
  }

  #push(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#tell();
  }

  #tell(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  #chunk(): Uint8Array {
    const taken: Buffer[] = [];
    let bytes = 0;
    while (this.#waiting.length > 0 && bytes < CHUNK_BYTES_MAX) {
      const first = this.#waiting[0] as Buffer;
      const part = first.subarray(0, CHUNK_BYTES_MAX - bytes);
      taken.push(part);
      bytes += part.length;
      if (part.length === first.length) this.#waiting.shift();
      else this.#waiting[0] = first.subarray(part.length);
    }
    this.#waitingBytes -= bytes;
    this.#chunksTaken += 1;
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken, bytes);
  }
}
