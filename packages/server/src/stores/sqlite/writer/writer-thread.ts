/**
 * The thread that writes, seen from the ledger's side. So that the event loop need not wait for inserts, the flush to
 * disk, or a checkpoint, one worker thread owns the connection that writes.
 *
 * The protocol: a `PackedGroup` goes over, and exactly one `WriterAnswer` comes back once its transaction is durable or
 * rolled back; only then may the next one follow. `probe` is answered as a group is. `close` is answered by the thread's end. A thread that
 * ends in any other way is a defect: whether its last group was kept is not known here, so nothing more is written until
 * a new start has read what is there.
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

/** What went wrong, or null where the group is durable. */
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
