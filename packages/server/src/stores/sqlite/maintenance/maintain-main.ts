/** The thread that backs up, restores and verifies; see `maintain-beside.ts`. */
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import type { OnProgress } from "../../../ledger/work-progress.ts";
import { backUp, restore } from "../backup.ts";
import { sumsDisagreement } from "../sums/verify-sums.ts";
import { verify } from "../verification/verify.ts";
import type { MaintenanceNews, MaintenanceOrder } from "./maintain-beside.ts";

class InterruptedError extends Error {
  constructor() {
    super("It was interrupted.");
    this.name = "InterruptedError";
  }
}

const { what, stop } = workerData as MaintenanceOrder;
const port = parentPort as MessagePort;
const toEnd = new Int32Array(stop);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
const tell = (news: MaintenanceNews): void => port.postMessage(news);

const onProgress: OnProgress = (progress) => {
  if (Atomics.load(toEnd, 0) !== 0) throw new InterruptedError();
  tell({ progress });
};

tell({ result: run() });

function run(): unknown {
  if (what.what === "backup") return backUp(what.folder, what.toFile, onProgress);
  if (what.what === "restore") return restore(what.fromFile, what.folder, onProgress);
  const found = verify(what.folder, [], { onProgress });
  if (!what.withSums || found.disagreement !== undefined) return found;
  return { ...found, disagreement: sumsDisagreement(what.folder, onProgress) };
}
