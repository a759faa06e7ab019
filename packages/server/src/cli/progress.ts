/**
 * What a command shows while it works: what it has done, how fast, and how long it will still take. On a terminal this is one line on
 * standard error, which is written anew and removed at the end; with `--json` it is lines of JSON; elsewhere it is nothing.
 */
import type { WorkProgress } from "../ledger/work-progress.ts";

interface Output {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

interface ProgressOptions {
  readonly stream: Output;
  /** How many characters a line of the terminal has; asked each time, since people change it. */
  readonly width: () => number | undefined;
  /** A clock that never goes back. */
  readonly nowMs: () => number;
  readonly json: boolean;
  /** Nothing is shown of commands that end before this time. */
  readonly afterMs: number;
}

const SECOND_MS = 1_000;
const MINUTE_S = 60;
const HOUR_S = 3_600;
const MEBIBYTE = 1_048_576;
/** The line is written anew this often at most. */
const LINE_MS = 250;
/** Lines of JSON come this often at most, apart from the last one of each piece of work. */
const JSON_MS = 1_000;
/** The width of a terminal that does not say it. */
const WIDTH = 80;
/** The terminal itself writes `^C` behind the line when somebody presses Ctrl-C. */
const ECHO = 2;

export class Progress {
  readonly #options: ProgressOptions;
  readonly #startMs: number;
  /** The piece of work that is under way: how it began, and how it stands. */
  #first: (WorkProgress & { readonly atMs: number }) | undefined;
  #last: WorkProgress | undefined;
  #writtenMs = Number.NEGATIVE_INFINITY;
  #written: WorkProgress | undefined;
  /** How many characters stand on the terminal. */
  #shown = 0;

  constructor(options: ProgressOptions) {
    this.#options = options;
    this.#startMs = options.nowMs();
  }

  report(progress: WorkProgress): void {
    const isNew = progress.doing !== this.#last?.doing;
    if (isNew) {
      this.#endPiece();
      this.#first = { ...progress, atMs: this.#options.nowMs() };
    }
    this.#last = progress;
    this.#write(isNew);
  }

  /** To be called now and then, so that the time goes on while nothing is reported. */
  tick(): void {
    if (this.#options.json || this.#last === undefined) return;
    this.#write(false);
  }

  /** Removes the line from the terminal. Afterwards anything may be written there. */
  clear(): void {
    if (this.#shown > 0) this.#options.stream.write(`\r${" ".repeat(this.#shown + ECHO)}\r`);
    this.#shown = 0;
    this.#writtenMs = Number.NEGATIVE_INFINITY;
  }

  /** The work is over. */
  end(): void {
    this.#endPiece();
    this.clear();
    this.#last = undefined;
  }

  /** Programs get the last figures of each piece of work, whenever they were told the ones before. */
  #endPiece(): void {
    if (!this.#options.json || this.#written === undefined || this.#written === this.#last) return;
    this.#write(true);
  }

  #write(isDue: boolean): void {
    const { stream, json, nowMs, afterMs } = this.#options;
    if (!json && stream.isTTY !== true) return;
    const atMs = nowMs();
    if (atMs - this.#startMs < afterMs) return;
    if (!isDue && atMs - this.#writtenMs < (json ? JSON_MS : LINE_MS)) return;
    const [first, last] = [this.#first, this.#last];
    if (first === undefined || last === undefined) return;
    const figures = figuresOf(first, last, atMs);
    this.#writtenMs = atMs;
    this.#written = last;
    if (json) stream.write(`${JSON.stringify(figures)}\n`);
    else this.#show(lineOf(figures, (atMs - first.atMs) / SECOND_MS));
  }

  /** Without control sequences, which some terminals do not know. */
  #show(line: string): void {
    const text = line.slice(0, (this.#options.width() ?? WIDTH) - 1 - ECHO);
    this.#options.stream.write(`\r${text}${" ".repeat(Math.max(0, this.#shown - text.length))}`);
    this.#shown = text.length;
  }
}

interface Figures extends WorkProgress {
  readonly perSecond?: number | undefined;
  readonly secondsLeft?: number | undefined;
}

/** What cannot be known yet is left out. */
function figuresOf(first: WorkProgress & { readonly atMs: number }, last: WorkProgress, atMs: number): Figures {
  const { doing, done, of, unit } = last;
  const seconds = (atMs - first.atMs) / SECOND_MS;
  const perSecond = seconds > 0 && done > first.done ? (done - first.done) / seconds : undefined;
  const [share, before] = [shareOf(last), shareOf(first) ?? 0];
  const secondsLeft =
    share !== undefined && share > before && seconds > 0 ? ((1 - share) * seconds) / (share - before) : undefined;
  return {
    doing,
    done,
    of,
    unit,
    share: share === undefined ? undefined : Math.floor(share * SHARE_PARTS) / SHARE_PARTS,
    perSecond: perSecond === undefined ? undefined : Math.round(perSecond),
    secondsLeft: secondsLeft === undefined ? undefined : Math.ceil(secondsLeft - ROUNDING),
  };
}

/** So that what numbers lose does not become a second. */
const ROUNDING = 1e-6;

const SHARE_PARTS = 100;

function shareOf({ done, of, share }: WorkProgress): number | undefined {
  if (of === undefined) return share;
  return of <= 0 ? 1 : Math.min(1, done / of);
}

function lineOf({ doing, done, of, unit, share, perSecond, secondsLeft }: Figures, seconds: number): string {
  const amount = (count: number): string => (unit === "bytes" ? String(Math.floor(count / MEBIBYTE)) : String(count));
  const name = unit === "bytes" ? "MiB" : unit;
  const counted =
    done === 0 && of === undefined ? "" : `${amount(done)}${of === undefined ? "" : ` of ${amount(of)}`} ${name}`;
  const percent = share === undefined ? "" : `(${Math.floor(share * 100)} %)`;
  const head = [counted, percent].filter((text) => text !== "").join(" ");
  const speed = perSecond === undefined ? "" : `${amount(perSecond)} a second`;
  const rest =
    secondsLeft === undefined ? `${durationOf(Math.floor(seconds))} so far` : `${durationOf(secondsLeft)} left`;
  const what = doing.charAt(0).toUpperCase() + doing.slice(1);
  return `${what}: ${[head, speed, rest].filter((text) => text !== "").join(", ")}`;
}

/** `40 s`, `12 min`, `3 h 5 min`. */
function durationOf(seconds: number): string {
  if (seconds < 2 * MINUTE_S) return `${seconds} s`;
  const minutes = Math.round(seconds / MINUTE_S);
  if (seconds < 2 * HOUR_S) return `${minutes} min`;
  return `${Math.floor(minutes / MINUTE_S)} h ${minutes % MINUTE_S} min`;
}
