/**
 * The writer thread, from the ledger's side. One worker thread owns the connection that writes, so that the event loop need not
 * wait for inserts, the flush to disk, or a checkpoint.
 *
 * The protocol: the ledger sends a `PackedGroup`; the thread sends exactly one `WriterAnswer` when its transaction is durable
 * or rolled back; only then may the ledger send the next group. `probe` is answered like a group. `close` is answered by the
 * thread's end. If the thread ends in any other way, that is a defect: the ledger cannot know whether the last group was kept,
 * so nothing more is written until a new start has read the store.
 */
import type { Worker } from "node:worker_threads";
import { DefectError } from "../../../ledger/ledger.ts";
import { startThread } from "../start-thread.ts";
import { errorOf, type Trouble } from "../trouble.ts";
import type { PackedGroup } from "./packed-group.ts";
import type { Writer } from "./writer.ts";

export interface WriterSettings {
  readonly ledgerFile: string;
  readonly markFile: string;
  readonly synchronous: "FULL" | "NORMAL";
  readonly trail: boolean;
}

export type WriterMessage = PackedGroup | "probe" | "close";

/** What went wrong; null where the group is durable. */
export type WriterAnswer = Trouble | null;

export function startWriterThread(settings: WriterSettings): Writer {
  return new WriterThread(startThread("ledger-writer", import.meta.url, "./writer-main", settings));
}

export class WriterThread implements Writer {
  readonly #worker: Worker;
  readonly #exited: Promise<void>;
  #waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  #onEnd: ((defect: DefectError) => void) | undefined;
  #closing = false;
  #ended: DefectError | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.on("message", (answer: WriterAnswer) => this.#take(answer));
    worker.on("error", (error: Error) => this.#end(error.message));
    this.#exited = new Promise((resolve) => {
      worker.on("exit", (code) => {
        if (!this.#closing) this.#end(`exit code ${code}`);
        resolve();
      });
    });
  }

  write(group: PackedGroup): Promise<void> {
    return this.#ask(group);
  }

  probe(): Promise<void> {
    return this.#ask("probe");
  }

  onEnd(listener: (defect: DefectError) => void): void {
    this.#onEnd = listener;
    if (this.#ended !== undefined) listener(this.#ended);
  }

  close(): Promise<void> {
    this.#closing = true;
    this.#send("close");
    return this.#exited;
  }

  #ask(message: PackedGroup | "probe"): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) {
        reject(this.#ended);
        return;
      }
      this.#waiting = { resolve, reject };
      this.#send(message);
    });
  }

  #send(message: WriterMessage): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    this.#worker.postMessage(message);
  }

  #take(answer: WriterAnswer): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (answer === null) waiting?.resolve();
    else waiting?.reject(errorOf(answer, "The ledger could not be written"));
  }

  #end(why: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = new DefectError(`The thread that writes the ledger has ended: ${why}. Start the server again.`);
    this.#onEnd?.(this.#ended);
    this.#waiting?.reject(this.#ended);
    this.#waiting = undefined;
  }
}
