/**
 * One reader of the activity: what waits for it, within bounds, and what it is told where it was too slow. Whoever resumes is
 * first given what it has missed, read from the ledger at its own pace; then it is one of those that events are given to.
 */
import type { LaneHead } from "../../ledger/chain-head.ts";
import type { ChainReader } from "./chain-reader.ts";
import { feedEvent, gapBytes, isWanted, type ActivityFilter, type FeedEvent } from "./feed-event.ts";

/** What waits for one reader at most; the events themselves are shared among all. */
const WAITING_EVENTS_MAX = 1_000;
const WAITING_BYTES_MAX = 1_048_576;
/** Up to here, what is sent at once is small to the listener. */
const CHUNK_BYTES_MAX = 65_536;
/** Entries that are read at once for one who has missed some. */
const MISSED_STEP = 64;

const COMMENT = Buffer.from(":\n\n");
const TOO_SLOW = "It was read too slowly, so events were left out; it goes on from now.";

interface ReaderOptions {
  readonly filter: ActivityFilter;
  /** What has to be read first; undefined for one that begins now. */
  readonly missed?: ChainReader | undefined;
  /** How far the events have come that are given to readers. */
  readonly heads: () => readonly LaneHead[];
  /** Runs what reads the ledger for readers, one after the other. */
  readonly inTurn: <T>(run: () => Promise<T>) => Promise<T>;
  readonly onEnd: (reader: ActivityReader) => void;
}

export class ActivityReader {
  readonly #options: ReaderOptions;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #missed: ChainReader | undefined;
  /** What came while it was given what it has missed; undefined where that did not fit, and is to be read as well. */
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

  /** Gives it an event, which it may not want, or have no room for. */
  give(event: FeedEvent): void {
    if (this.#isEnded || !isWanted(event, this.#options.filter)) return;
    if (this.#missed === undefined) this.#add(event);
    else if (this.#meanwhile !== undefined && this.#meanwhile.length < WAITING_EVENTS_MAX) this.#meanwhile.push(event);
    else this.#meanwhile = undefined;
  }

  /** Events are left out for all readers. Who is still being given what it has missed reads them, too. */
  leaveOut(to: string | undefined, reason: string): void {
    if (this.#missed !== undefined) this.#meanwhile = undefined;
    else this.#noteGap(to, reason);
  }

  /** The ledger is not what it was: nothing that was missed is there any more. */
  beginAnew(reason: string): void {
    this.#missed = undefined;
    this.#noteGap(undefined, reason);
  }

  /** Says at once that it cannot be told what it has missed. */
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
   * Says that the connection is alive, where nothing else does, and from where one goes on: who wants few events would read all
   * others again.
   */
  comment(lastId: string | undefined): void {
    if (this.#waiting.length > 0) return;
    const isUpToDate = this.#missed === undefined && this.#gap === undefined && lastId !== undefined;
    this.#push(isUpToDate ? Buffer.from(`:\nid: ${lastId}\n\n`) : COMMENT);
    if (isUpToDate) this.#lastId = lastId;
  }

  /** From where one goes on who has been told nothing yet. */
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

  /** What is to be sent next, as soon as there is something; undefined once it has ended. */
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

  /** Reads on for one who has missed some; at the end, it has missed none. */
  async #readMissed(missed: ChainReader | undefined): Promise<void> {
    if (missed === undefined || this.#isEnded) return;
    const entries = await missed.take(this.#target, MISSED_STEP);
    // Meanwhile it may have been told to begin anew.
    if (missed !== this.#missed) return;
    for (const { entry, positions } of entries) {
      const event = feedEvent(entry, positions);
      this.#lastId = event.id;
      if (isWanted(event, this.#options.filter)) this.#push(event.bytes);
    }
    if (entries.length > 0) return;
    if (this.#meanwhile === undefined) {
      // More came than was held: it is read from the ledger as well, up to where events have come now.
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
    return taken.length === 1 ? (taken[0] as Buffer) : Buffer.concat(taken, bytes);
  }
}
