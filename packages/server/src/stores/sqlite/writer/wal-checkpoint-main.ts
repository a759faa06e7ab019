/** The checkpoint thread; `wal-checkpoints.ts` says what it is for. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { COPY, stateAfter, type BesideSettings } from "./wal-checkpoints.ts";

/** Commits go on meanwhile, so each pass has less to copy. Where somebody reads the log, a pass may copy nothing. */
const PASSES_MAX = 5;

const { ledgerFile, synchronous, restMax } = workerData as BesideSettings;
const port = parentPort as MessagePort;
const db = new DatabaseSync(ledgerFile);
db.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA wal_autocheckpoint = 0; PRAGMA trusted_schema = OFF;`);
const copy = db.prepare(COPY);

port.on("message", (message: "go" | "close") => {
  if (message === "go") {
    copyMost();
    port.postMessage("done");
  } else {
    db.close();
    port.close();
  }
});

function copyMost(): void {
  for (let pass = 0; pass < PASSES_MAX; pass += 1) {
    const state = stateAfter(copy);
    if (state === undefined || state.log - state.checkpointed <= restMax / 2) return;
  }
}
