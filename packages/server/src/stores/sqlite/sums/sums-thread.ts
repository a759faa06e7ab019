/**
 * The thread that adds up, seen from the ledger's side. A question goes over with a number, and one reply comes back under it.
 * `close` is answered by the thread's end. What a thread that ends otherwise leaves is derived: the next question starts another.
 */
import type { Worker } from "node:worker_threads";
import { FaultError } from "../../../ledger/ledger.ts";
import {
  SumsBehindError,
  TooManySumsError,
  type SumsAnswer,
  type SumsProgress,
  type SumsQuestion,
} from "../../../ledger/sums/sums.ts";
import { startThread } from "../start-thread.ts";
import { errorOf, type Trouble } from "../trouble.ts";

/** Node's default is twice as large. The thread makes much garbage, so all of it would be in use; half costs no more time. */
const YOUNG_MEBIBYTES = 48;

export interface SumsSettings {
  readonly ledgerFile: string;
  /** Whether it follows the ledger though nobody asks. */
  readonly following: boolean;
}

export type SumsMessage = "close" | { readonly id: number; readonly question: SumsQuestion };

type SumsAnswered = { readonly id: number } & (
  | { readonly answer: SumsAnswer }
  | { readonly behind: SumsProgress }
  | { readonly tooMany: true }
  | { readonly trouble: Trouble }
);

/** A question's reply, or what kept entries from being added up though nobody asked. */
export type SumsReply = SumsAnswered | { readonly followingTrouble: Trouble };

const FOLLOWING = "The ledger's entries could not be added up";

const ASKING = "The ledger's sums could not be read";

interface Asker {
  readonly resolve: (answer: SumsAnswer) => void;
  readonly reject: (error: Error) => void;
}

export class SumsThread {
  readonly #settings: SumsSettings;
  readonly #onTrouble: ((error: Error) => void) | undefined;
  readonly #asked = new Map<number, Asker>();
  #worker: Worker | undefined;
  #exited: Promise<void> = Promise.resolve();
  #asks = 0;
  #isClosed = false;

  constructor(settings: SumsSettings, onTrouble?: (error: Error) => void) {
    this.#settings = settings;
    this.#onTrouble = onTrouble;
    if (settings.following) this.#worker = this.#start();
  }

  ask(question: SumsQuestion): Promise<SumsAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(new FaultError(`${ASKING}: the ledger is closed.`, undefined));
        return;
      }
      this.#asks += 1;
      this.#asked.set(this.#asks, { resolve, reject });
      this.#worker ??= this.#start();
      send(this.#worker, { id: this.#asks, question });
    });
  }

  close(): Promise<void> {
    this.#isClosed = true;
    if (this.#worker !== undefined) send(this.#worker, "close");
    return this.#exited;
  }

  #start(): Worker {
    const limits = { maxYoungGenerationSizeMb: YOUNG_MEBIBYTES };
    const worker = startThread("ledger-sums", import.meta.url, "./sums-main", this.#settings, limits);
    let why = "it ended";
    worker.on("message", (reply: SumsReply) => this.#take(reply));
    worker.on("error", (error: Error) => (why = error.message));
    this.#exited = new Promise((resolve) => {
      worker.on("exit", () => {
        if (this.#worker === worker) this.#worker = undefined;
        for (const { reject } of this.#asked.values()) reject(new FaultError(`${ASKING}: ${why}`, undefined));
        this.#asked.clear();
        resolve();
      });
    });
    return worker;
  }

  #take(reply: SumsReply): void {
    if ("followingTrouble" in reply) {
      this.#onTrouble?.(errorOf({ ...reply.followingTrouble, kind: "fault" }, FOLLOWING));
      return;
    }
    const asker = this.#asked.get(reply.id);
    this.#asked.delete(reply.id);
    if (asker === undefined) return;
    if ("answer" in reply) asker.resolve(reply.answer);
    else if ("behind" in reply) asker.reject(new SumsBehindError(reply.behind));
    else if ("tooMany" in reply) asker.reject(new TooManySumsError());
    else asker.reject(errorOf({ ...reply.trouble, kind: "fault" }, ASKING));
  }
}

function send(worker: Worker, message: SumsMessage): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  worker.postMessage(message);
}
