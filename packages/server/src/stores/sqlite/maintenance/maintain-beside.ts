/**
 * Backs up, restores and verifies on a thread of its own. So whoever waits for it can show how far it has come, and can end it: the work
 * then ends between two steps, and removes what is half made.
 */
import type { OnProgress } from "../../../ledger/work-progress.ts";
import type { WorkProgress } from "../../../ledger/work-progress.ts";
import type { Backup } from "../backup.ts";
import { startThread } from "../start-thread.ts";
import type { Verification } from "../verification/verify.ts";

/** What can be done, and what comes of it. */
export interface Maintenance {
  readonly backup: { readonly order: { readonly folder: string; readonly toFile: string }; readonly result: Backup };
  readonly restore: { readonly order: { readonly fromFile: string; readonly folder: string }; readonly result: Backup };
  readonly verify: {
    /** `withSums`: the file of sums beside the ledger, too. */
    readonly order: { readonly folder: string; readonly withSums: boolean };
    readonly result: Verification;
  };
}

export interface MaintenanceOrder {
  readonly what: {
    readonly [What in keyof Maintenance]: { readonly what: What } & Maintenance[What]["order"];
  }[keyof Maintenance];
  /** One number, which is not 0 once the work is to end. */
  readonly stop: SharedArrayBuffer;
}

export type MaintenanceNews = { readonly progress: WorkProgress } | { readonly result: unknown };

interface Beside {
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Throws what the work throws; its errors are known by their names. After an abort, that is an InterruptedError, if the work had not ended. */
export function maintainBeside<What extends keyof Maintenance>(
  what: What,
  order: Maintenance[What]["order"],
  { onProgress, signal }: Beside,
): Promise<Maintenance[What]["result"]> {
  const stop = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const workerData = { what: { what, ...order }, stop } as MaintenanceOrder;
  const end = (): void => void Atomics.store(new Int32Array(stop), 0, 1);
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  const worker = startThread("ledger-maintenance", import.meta.url, "./maintain-main", workerData);
  return new Promise((resolve, reject) => {
    let result: { readonly value: Maintenance[What]["result"] } | undefined;
    let failure: Error = new Error("The work ended without a result.");
    worker.on("message", (news: MaintenanceNews) => {
      if ("progress" in news) onProgress(news.progress);
      else result = { value: news.result as Maintenance[What]["result"] };
    });
    worker.once("error", (error: Error) => (failure = error));
    worker.once("exit", () => {
      signal.removeEventListener("abort", end);
      if (result === undefined) reject(failure);
      else resolve(result.value);
    });
  });
}
