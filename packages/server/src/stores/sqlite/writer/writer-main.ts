/** The thread that writes, from its own side: see `writer-thread.ts` for what it is told and what it answers. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { troubleOf } from "../trouble.ts";
import { GroupWriter } from "./group-writer.ts";
import type { PackedGroup } from "./packed-group.ts";
import { WalCheckpoints } from "./wal-checkpoints.ts";
import type { WriterAnswer, WriterSettings } from "./writer-thread.ts";

/** More costs more than it gains: the pages in use lie further apart, and the operating system holds the rest. */
const CACHE_KIBIBYTES = 16_384;

const { ledgerFile, synchronous, trail } = workerData as WriterSettings;
const port = parentPort as MessagePort;
const db = new DatabaseSync(ledgerFile);
db.exec(`
  PRAGMA synchronous = ${synchronous};
  PRAGMA cache_size = -${CACHE_KIBIBYTES};
  PRAGMA busy_timeout = 5000;
  PRAGMA trusted_schema = OFF;
`);
const writer = new GroupWriter(db, trail);
const checkpoints = new WalCheckpoints(db, { ledgerFile, synchronous });

port.on("message", (group: PackedGroup | null) => {
  if (group === null) {
    void close();
  } else {
    port.postMessage(answerTo(group));
    checkpoints.afterCommit();
  }
});

/** The last connection to go brings everything from the log into the database. */
async function close(): Promise<void> {
  await checkpoints.close();
  writer.close();
  port.close();
}

function answerTo(group: PackedGroup): WriterAnswer {
  try {
    writer.write(group);
    return null;
  } catch (error) {
    return troubleOf(error);
  }
}
