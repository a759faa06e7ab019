/** The writer thread; `writer-thread.ts` says what it is told and what it answers. */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { noteTail } from "../tail/lost-tail.ts";
import { TailMark } from "../tail/tail-mark.ts";
import { troubleOf } from "../trouble.ts";
import { GroupWriter } from "./group-writer.ts";
import type { PackedGroup } from "./packed-group.ts";
import { WalCheckpoints } from "./wal-checkpoints.ts";
import type { WriterAnswer, WriterMessage, WriterSettings } from "./writer-thread.ts";

/**
 * A larger cache costs more than it gains: its pages are spread wider in memory, SQLite looks through all of its places after commits
 * that moved pages (in ledgers below a GiB), and the operating system caches the rest.
 */
const CACHE_KIBIBYTES = 2_048;

const { ledgerFile, markFile, synchronous, trail } = workerData as WriterSettings;
const port = parentPort as MessagePort;
const db = new DatabaseSync(ledgerFile);
db.exec(`
  PRAGMA synchronous = ${synchronous};
  PRAGMA cache_size = -${CACHE_KIBIBYTES};
  PRAGMA busy_timeout = 5000;
  PRAGMA trusted_schema = OFF;
`);
const writer = new GroupWriter(db, trail);
const mark = new TailMark(markFile);
const checkpoints = new WalCheckpoints(db, { ledgerFile, synchronous });

port.on("message", (message: WriterMessage) => {
  if (message === "close") {
    void close();
  } else {
    port.postMessage(answerTo(message));
    checkpoints.afterCommit();
  }
});

/** The last connection that closes brings everything from the log into the database. */
async function close(): Promise<void> {
  await checkpoints.close();
  if (mark.isThere) noteClosed();
  writer.close();
  mark.close();
  port.close();
}

function noteClosed(): void {
  try {
    noteTail(db, "closed", writer.generation);
  } catch {
    // The thread ends as if it had been killed; what was committed is in the log.
  }
}

function answerTo(message: PackedGroup | "probe"): WriterAnswer {
  try {
    if (message === "probe") writer.probe();
    else keep(message);
    return null;
  } catch (error) {
    return troubleOf(error);
  }
}

function keep(group: PackedGroup): void {
  writer.write(group);
  mark.put({ generation: writer.generation, seq: group.firstSeq + group.entries.length - 1 });
}
