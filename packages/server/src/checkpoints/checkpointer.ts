/** Notes checkpoints: at a start, every hour of the service clock, before the ledger is emptied, and at the end. */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import type { Ledger } from "../ledger/ledger.ts";
import { lineHash, readLine, signedLine, type Checkpoint, type SigningKey } from "./checkpoint.ts";
import type { CheckpointFile } from "./checkpoint-file.ts";

export interface CheckpointerOptions {
  readonly ledger: Pick<Ledger, "chainHeads">;
  readonly file: CheckpointFile;
  readonly key: SigningKey;
  /** The service clock. */
  readonly nowMs: () => EpochMs;
  readonly wallMs: () => EpochMs;
}

export class Checkpointer {
  readonly #options: CheckpointerOptions;
  #newestAtMs = Number.NEGATIVE_INFINITY;
  /** What it noted; undefined where the ledger was emptied then. */
  #newest: string | undefined;

  constructor(options: CheckpointerOptions) {
    this.#options = options;
    const [checkpoint] = [options.file.lines().at(-1)].map((line) =>
      line === undefined ? undefined : readLine(line, options.key),
    );
    if (checkpoint === undefined || typeof checkpoint === "string") return;
    this.#newestAtMs = Date.parse(checkpoint.at);
    if (checkpoint.reset !== true) this.#newest = JSON.stringify(checkpoint.lanes);
  }

  /** Notes one where an hour has passed since the newest. */
  async due(): Promise<void> {
    if (this.#options.nowMs() >= this.#newestAtMs + HOUR_MS) await this.note();
  }

  /** Notes one now, unless nothing has happened since the newest. */
  async note(): Promise<void> {
    const lanes = await this.#options.ledger.chainHeads();
    if (JSON.stringify(lanes) === this.#newest) return;
    this.#append({ lanes });
    this.#newest = JSON.stringify(lanes);
  }

  /** Before the ledger is emptied: were it noted after, a crash in between would look like a ledger that was cut off. */
  async noteReset(): Promise<void> {
    this.#append({ lanes: await this.#options.ledger.chainHeads(), reset: true });
    this.#newest = undefined;
  }

  #append(what: Pick<Checkpoint, "lanes" | "reset">): void {
    const { file, key, nowMs, wallMs } = this.#options;
    const atMs = nowMs();
    const last = file.lines().at(-1);
    const before = last === undefined ? null : lineHash(last);
    const times = { at: new Date(atMs).toISOString(), writtenAt: new Date(wallMs()).toISOString() };
    file.append(signedLine({ v: 1, ...times, ...what, before }, key));
    this.#newestAtMs = atMs;
  }
}
