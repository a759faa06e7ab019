/**
 * Writes checkpoints: at a start, every hour of the service clock, every minute in which something happened, sooner where much
 * happened, before the ledger is emptied, and at the end. Entries that are missing at a ledger's end are noticed by the newest
 * checkpoint.
 */
import { HOUR_MS, iso, type EpochMs } from "@countinghouse/protocol";
import type { LaneHead } from "../ledger/chain-head.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { lineHash, readLine, signedLine, type Checkpoint, type SigningKey } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";

interface CheckpointerOptions {
  readonly ledger: Pick<Ledger, "chainHeads">;
  readonly file: CheckpointFile;
  readonly key: SigningKey;
  /** By the service clock. */
  readonly nowMs: () => EpochMs;
  readonly wallMs: () => EpochMs;
}

const MINUTE_MS = 60_000;
/** So many new entries make a checkpoint due, whenever `due` is called. */
const ENTRIES_MAX = 1_000;

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #newestAtMs = Number.NEGATIVE_INFINITY;
  #writtenAtMs = Number.NEGATIVE_INFINITY;
  #entries = 0;
  /** The lanes of the newest checkpoint; undefined where the ledger was emptied then. */
  #newest: string | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    const line = options.file.lastLine();
    const checkpoint = line === undefined ? undefined : readLine(line, options.key);
    if (checkpoint === undefined || typeof checkpoint === "string") return;
    this.#newestAtMs = Date.parse(checkpoint.at);
    this.#writtenAtMs = Date.parse(checkpoint.writtenAt);
    if (checkpoint.reset === true) return;
    this.#newest = JSON.stringify(checkpoint.lanes);
    this.#entries = entriesOf(checkpoint.lanes);
  }

  /** Writes a checkpoint where an hour of the service clock or a minute has passed since the newest, or much has happened. */
  async due(): Promise<void> {
    const { ledger, nowMs, wallMs } = this.#options;
    // The difference may be negative, because the wall clock may have been set back.
    const isTime = nowMs() >= this.#newestAtMs + HOUR_MS || Math.abs(wallMs() - this.#writtenAtMs) >= MINUTE_MS;
    if (isTime || entriesOf(await ledger.chainHeads()) - this.#entries >= ENTRIES_MAX) await this.note();
  }

  /** Writes a checkpoint now, unless nothing has happened since the newest. */
  async note(): Promise<void> {
    const lanes = await this.#options.ledger.chainHeads();
    if (JSON.stringify(lanes) === this.#newest) return;
    this.#append({ lanes });
    this.#newest = JSON.stringify(lanes);
    this.#entries = entriesOf(lanes);
  }

  /** To be called before the ledger is emptied: if a crash came before a later note, the ledger would look cut off. */
  async noteReset(): Promise<void> {
    this.#append({ lanes: await this.#options.ledger.chainHeads(), reset: true });
    this.#newest = undefined;
    this.#entries = 0;
  }

  #append(what: Pick<Checkpoint, "lanes" | "reset">): void {
    const { file, key, nowMs, wallMs } = this.#options;
    const atMs = nowMs();
    const writtenAtMs = wallMs();
    const last = file.lastLine();
    const before = last === undefined ? null : lineHash(last);
    const times = { at: iso(atMs), writtenAt: iso(writtenAtMs) };
    file.append(signedLine({ v: 1, ...times, ...what, before }, key));
    this.#newestAtMs = atMs;
    this.#writtenAtMs = writtenAtMs;
  }
}

function entriesOf(lanes: readonly LaneHead[]): number {
  return lanes.reduce((sum, { seq }) => sum + seq, 0);
}
