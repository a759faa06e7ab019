/**
 * Reads a write-ahead log as SQLite's recovery does (https://sqlite.org/fileformat2.html#walformat), and then further. Recovery
 * ends silently at the first frame that is not as it was written. That is right for a commit that was cut off; but where the
 * log was damaged, it loses every commit behind the damaged place.
 */
import { closeSync, openSync, readSync } from "node:fs";

/** Commits that recovery does not reach. */
export interface LostCommits {
  /** The frame, counted from 1, at which recovery ends; it is damaged. */
  readonly damagedFrame: number;
  /** At least this many commits stand behind that frame. */
  readonly commits: number;
}

const LOG_HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** Without the lowest bit, which gives the byte order of the checksums. */
const MAGIC = 0x377f0682;

type Sums = readonly [number, number];

/**
 * Undefined where there is no log, or where its end looks cut off. Frames of an earlier log, behind this log's frames, have
 * other salts. If successive frames behind the damaged one hold two commit marks, the log was not cut off there: SQLite did not
 * begin the second commit before the first was durable.
 */
export function lostCommitsIn(walFile: string): LostCommits | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(walFile, "r");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    return new LogReader(descriptor).lostCommits();
  } finally {
    closeSync(descriptor);
  }
}

interface Frame {
  readonly salts: bigint;
  readonly isCommit: boolean;
  /** The checksums that the frame holds. */
  readonly sums: Sums;
  /** Whether the frame's checksums follow from those of the frame, or header, before it. */
  follows(before: Sums): boolean;
}

class LogReader {
  readonly #descriptor: number;
  #littleEndian = true;
  #pageBytes = 0;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
  }

  lostCommits(): LostCommits | undefined {
    const header = this.#read(0, LOG_HEADER_BYTES);
    if (header === undefined) return undefined;
    const magic = header.getUint32(0);
    this.#littleEndian = (magic & 1) === 0;
    this.#pageBytes = header.getUint32(8);
    const headerSums: Sums = [header.getUint32(24), header.getUint32(28)];
    const isSound = (magic & ~1) === MAGIC && equal(this.#sums([0, 0], header, 0, 24), headerSums);
    // Where the header is damaged, recovery finds no frame at all. The default page size replaces an impossible one.
    if (!isPageSize(this.#pageBytes)) this.#pageBytes = 4_096;
    const salts = isSound ? header.getBigUint64(16) : this.#frame(0)?.salts;
    const sound = isSound ? this.#soundFrames(header.getBigUint64(16), headerSums) : 0;
    const damaged = this.#frame(sound);
    if (damaged === undefined) return undefined;
    const commits = this.#commitsBehind(sound, salts);
    return commits === 0 ? undefined : { damagedFrame: sound + 1, commits };
  }

  /** How many frames recovery reads. */
  #soundFrames(salts: bigint, headerSums: Sums): number {
    let before = headerSums;
    for (let i = 0; ; i += 1) {
      const frame = this.#frame(i);
      if (frame === undefined || frame.salts !== salts || !frame.follows(before)) return i;
      before = frame.sums;
    }
  }

  #commitsBehind(damaged: number, salts: bigint | undefined): number {
    let commits = 0;
    let inRun = 0;
    let before: Sums | undefined = this.#frame(damaged)?.sums;
    const endRun = (): void => {
      if (inRun > 1) commits += inRun;
      inRun = 0;
    };
    for (let i = damaged + 1; ; i += 1) {
      const frame = this.#frame(i);
      if (frame === undefined) break;
      const isOfLog = frame.salts === salts;
      if (!isOfLog || before === undefined || !frame.follows(before)) endRun();
      else if (frame.isCommit) inRun += 1;
      before = isOfLog ? frame.sums : undefined;
    }
    endRun();
    return commits;
  }

  /** The frame at an index from 0; undefined after the last whole one. */
  #frame(i: number): Frame | undefined {
    const bytes = FRAME_HEADER_BYTES + this.#pageBytes;
    const view = this.#read(LOG_HEADER_BYTES + i * bytes, bytes);
    if (view === undefined) return undefined;
    const sums: Sums = [view.getUint32(16), view.getUint32(20)];
    return {
      salts: view.getBigUint64(8),
      isCommit: view.getUint32(4) !== 0,
      sums,
      follows: (before) => {
        if (view.getUint32(0) === 0) return false;
        const ofHeader = this.#sums(before, view, 0, 8);
        return equal(this.#sums(ofHeader, view, FRAME_HEADER_BYTES, bytes), sums);
      },
    };
  }

  #sums([first, second]: Sums, view: DataView, from: number, to: number): Sums {
    let a = first;
    let b = second;
    for (let i = from; i < to; i += 8) {
      a = (a + view.getUint32(i, this.#littleEndian) + b) >>> 0;
      b = (b + view.getUint32(i + 4, this.#littleEndian) + a) >>> 0;
    }
    return [a, b];
  }

  #read(position: number, bytes: number): DataView | undefined {
    const buffer = Buffer.allocUnsafe(bytes);
    const read = readSync(this.#descriptor, buffer, 0, bytes, position);
    return read < bytes ? undefined : new DataView(buffer.buffer, buffer.byteOffset, bytes);
  }
}

function equal(a: Sums, b: Sums): boolean {
  return a[0] === b[0] && a[1] === b[1];
}

function isPageSize(bytes: number): boolean {
  return bytes >= 512 && bytes <= 65_536 && (bytes & (bytes - 1)) === 0;
}
