/**
 * Moves what the write-ahead log holds into the database, without holding commits up: a thread beside copies most of it
 * while commits go on, and the one that writes only the rest, between two of them, after which the log begins anew. How far
 * either has come, SQLite itself tells both (`PRAGMA wal_checkpoint`), so that they need no word between them but "go".
 *
 * Nothing depends on it but the size of the log, and how long it takes to copy: what has been committed is durable there.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { Worker } from "node:worker_threads";
import { startThread } from "../start-thread.ts";

export interface WalLimits {
  /** Pages in the log from which on they are moved. SQLite's default of 1,000 would copy the log often. */
  readonly pagesMin: number;
  /** Pages that are few enough to be copied between two commits. */
  readonly restMax: number;
  /** Pages from which on the thread that writes does not rely on the other any more. */
  readonly aloneMin: number;
  /** The file of a log that begins anew is cut to this: it may have grown while somebody read. */
  readonly keptBytes: number;
}

/** What the thread beside is told when it is started. */
export interface BesideSettings {
  readonly ledgerFile: string;
  readonly synchronous: "FULL" | "NORMAL";
  readonly restMax: number;
}

export interface WalState {
  readonly log: number;
  readonly checkpointed: number;
}

/** What is kept is twice of what a log takes that nobody reads: to make it longer again costs time. */
const LIMITS: WalLimits = { pagesMin: 8_000, restMax: 400, aloneMin: 40_000, keptBytes: 67_108_864 };
const NOTHING_TO_DO: WalState = { log: 0, checkpointed: 0 };
/** Looking costs some 20 µs. */
const LOOK_EVERY_COMMITS = 8;

export class WalCheckpoints {
  readonly #limits: WalLimits;
  readonly #settings: BesideSettings;
  readonly #look: StatementSync;
  readonly #copy: StatementSync;
  /** Started when there is something to do for it. */
  #beside: Worker | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isBusy = false;
  #commits = 0;

  /** `db` is the connection that writes. */
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
    // Where all is copied, the next commit begins the log anew, unless somebody reads what stands there.
    if (log < pagesMin || log === checkpointed) return;
    if (log - checkpointed <= restMax || log >= aloneMin) stateAfter(this.#copy);
    else this.#go();
  }

  /** Resolves once the thread beside has let go of the database. */
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

/** Undefined where that could not be done, as on a full disk: the log goes on holding what it holds, until the next time. */
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
