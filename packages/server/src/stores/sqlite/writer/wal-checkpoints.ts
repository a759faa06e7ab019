/**
 * Copies what the write-ahead log holds into the database, without holding commits up. A checkpoint thread copies most of it
 * while commits go on; the writer thread copies only the rest, between two commits; then the log begins anew. SQLite itself
 * tells both threads how far the copy has come (`PRAGMA wal_checkpoint`), so the only message between them is "go".
 *
 * Only the log's size and the time of copying depend on this: what has been committed is durable in the log.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import { startThread } from "../start-thread.ts";

export interface WalLimits {
  /** The log is copied when it has this many pages. SQLite's default of 1,000 would copy it too often. */
  readonly pagesMin: number;
  /** So few pages that the writer thread may copy them between two commits. */
  readonly restMax: number;
  /** From this many pages on, the writer thread copies all by itself. */
  readonly aloneMin: number;
  /** A log that begins anew is cut to this size: it may have grown while somebody read. */
  readonly keptBytes: number;
}

/** What the checkpoint thread gets when it is started. */
export interface BesideSettings {
  readonly ledgerFile: string;
  readonly synchronous: "FULL" | "NORMAL";
  readonly restMax: number;
}

export interface WalState {
  readonly log: number;
  readonly checkpointed: number;
}

/** `keptBytes` is twice the size of a log that nobody reads, because making the file longer again costs time. */
const LIMITS: WalLimits = { pagesMin: 8_000, restMax: 400, aloneMin: 40_000, keptBytes: 67_108_864 };
const NOTHING_TO_DO: WalState = { log: 0, checkpointed: 0 };
/** Looking at the log's state costs some 20 µs. */
const LOOK_EVERY_COMMITS = 8;

export class WalCheckpoints {
  readonly #limits: WalLimits;
  readonly #settings: BesideSettings;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  /** Started when there is something to copy. */
  #beside: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isBusy = false;
  #commits = 0;

  /** `db` is the writer's connection. */
  constructor(db: DatabaseSync, settings: Omit<BesideSettings, "restMax">, limits: WalLimits = LIMITS) {
    this.#limits = limits;
    this.#settings = { ...settings, restMax: limits.restMax };
    db.exec(`PRAGMA wal_autocheckpoint = 0; PRAGMA journal_size_limit = ${limits.keptBytes};`);
    this.#look = db.prepare(LOOK);
    this.#copy = db.prepare(COPY);
  }

  /** To be called when a transaction has ended. */
  afterCommit(): void {
    this.#commits += 1;
    if (this.#commits % LOOK_EVERY_COMMITS !== 0) return;
    const { pagesMin, restMax, aloneMin } = this.#limits;
    const { log, checkpointed } = stateAfter(this.#look) ?? NOTHING_TO_DO;
    // Where everything is copied, the next commit begins the log anew, unless somebody reads it.
    if (log < pagesMin || log === checkpointed) return;
    if (log - checkpointed <= restMax || log >= aloneMin) stateAfter(this.#copy);
    else this.#go();
  }

  /** Resolves when the checkpoint thread has closed the database. */
  close(): Promise<void> {
    this.#tell("close");
    return this.#ended;
  }

  #go(): void {
    if (this.#isBusy) return;
    // Where no thread can be started, this stays true, and the log is copied on this thread once it is long enough.
    this.#isBusy = true;
    try {
      this.#beside ??= this.#start();
    } catch {
      return;
    }
    this.#tell("go");
  }

  #start(): Worker {
    const beside = startThread("ledger-checkpoint", import.meta.url, "./wal-checkpoint-main", this.#settings);
    beside.on("message", () => (this.#isBusy = false));
    // The thread has failed: `#isBusy` stays true, so it is not asked again.
    beside.on("error", () => undefined);
    this.#ended = new Promise((resolve) => beside.once("exit", () => resolve()));
    return beside;
  }

  #tell(message: "go" | "close"): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#beside?.postMessage(message);
  }
}

/** Undefined where the statement failed, as on a full disk: the log then keeps its pages until the next time. */
export function stateAfter(statement: StatementSync): WalState | undefined {
  try {
    return statement.get() as unknown as WalState;
  } catch {
    return undefined;
  }
}

/** Copies nothing. */
export const LOOK = "PRAGMA wal_checkpoint(NOOP)";
/** Copies what can be copied without waiting for anybody. */
export const COPY = "PRAGMA wal_checkpoint(PASSIVE)";
