/** The thread that writes, from its own side: see `writer-thread.ts` for what it is told and what it answers. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { troubleOf } from "../trouble.ts";
import { GroupWriter } from "./group-writer.ts";
import type { PackedGroup } from "./packed-group.ts";
import type { WriterAnswer, WriterSettings } from "./writer-thread.ts";

/** SQLite's default of 1,000 pages would copy the log to the database often; see docs/PERFORMANCE.md. */
const CHECKPOINT_PAGES = 10_000;
/** More costs more than it gains: the pages in use lie further apart, and the operating system holds the rest. */
const CACHE_KIBIBYTES = 16_384;

const { ledgerFile, synchronous, trail } = workerData as WriterSettings;
const port = parentPort as MessagePort;
const db = new DatabaseSync(ledgerFile);
db.exec(`
  PRAGMA synchronous = ${synchronous};
  PRAGMA wal_autocheckpoint = ${CHECKPOINT_PAGES};
  PRAGMA cache_size = -${CACHE_KIBIBYTES};
  PRAGMA busy_timeout = 5000;
  PRAGMA trusted_schema = OFF;
`);
const writer = new GroupWriter(db, trail);

port.on("message", (group: PackedGroup | null) => {
  if (group === null) {
    writer.close();
    port.close();
  } else {
    port.postMessage(answerTo(group));
  }
});

function answerTo(group: PackedGroup): WriterAnswer {
  try {
    writer.write(group);
    return null;
  } catch (error) {
    return troubleOf(error);
  }
}
