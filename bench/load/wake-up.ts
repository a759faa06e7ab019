/**
 * Wakes the load whenever a request becomes due. A thread of its own waits for that, because timers of the event loop are up to
 * two milliseconds late, which is more than some servers take to answer.
 */
import { once } from "node:events";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";

interface WakeUp {
  /** Calls `wake` at each of the times, counted from `start`. */
  start(): void;
  stop(): Promise<unknown>;
}

export async function prepareWakeUp(offsetsMs: Float64Array, wake: () => void): Promise<WakeUp> {
  const worker = new Worker(new URL(import.meta.url), { workerData: offsetsMs });
  await once(worker, "online");
  worker.on("message", wake);
  return {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    start: () => worker.postMessage(monotonicMs()),
    stop: () => worker.terminate(),
  };
}

/** The same for all threads, unlike `performance.now()`. */
function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

function wakeAt(startMs: number): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  for (const offsetMs of workerData as Float64Array) {
    const leftMs = startMs + offsetMs - monotonicMs();
    if (leftMs > 0) Atomics.wait(cell, 0, 0, leftMs);
    // One message for each time, even a late one: when the load handled the last message, this request may not have been due.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
    parentPort?.postMessage(0);
  }
}

if (!isMainThread) parentPort?.once("message", wakeAt);
