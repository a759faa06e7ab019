/**
 * The thread that adds up: it follows the ledger, and answers questions once it has come as far as the ledger had when they were
 * asked. See `sums-thread.ts`.
 */
import { DatabaseSync } from "node:sqlite";
import { parentPort, workerData, type MessagePort } from "node:worker_threads";
import { SumsBehindError, TooManySumsError } from "../../../ledger/sums/sums.ts";
import { readingUri } from "../ledger-file.ts";
import { isDamage, troubleOf } from "../trouble.ts";
import { answerFrom } from "./answer.ts";
import { SumsFollower } from "./follower.ts";
import { openSumsFile, removeSumsFile, sumsFileOf, type SumsPosition } from "./sums-file.ts";
import type { SumsMessage, SumsReply, SumsSettings } from "./sums-thread.ts";

/** How long it looks away when there is nothing to be added up and nobody asks. */
const IDLE_MS = 1_000;
/** How long whoever asks waits for what has not been added up. */
const WAITED_MS = 5_000;
/** Writers wait for each other's transactions no longer. */
const BUSY_MS = 5_000;

const { ledgerFile, following } = workerData as SumsSettings;
const port = parentPort as MessagePort;
const ledger = new DatabaseSync(readingUri(ledgerFile), { readOnly: true });
ledger.exec(`PRAGMA busy_timeout = ${BUSY_MS}; PRAGMA trusted_schema = OFF; PRAGMA cache_size = -4096`);
const sums = openSumsFile(sumsFileOf(ledgerFile));
const follower = new SumsFollower(ledger, sums);

/** A question, and the time until which it waits for what has not been added up. */
type Asked = Extract<SumsMessage, { readonly id: number }> & { readonly untilMs: number };

const asked: Asked[] = [];
/** What has happened since it began. */
const state = { isClosing: false, isDamaged: false };
let wake: () => void = () => undefined;

port.on("message", (message: SumsMessage) => {
  if (message === "close") state.isClosing = true;
  else asked.push({ ...message, untilMs: performance.now() + WAITED_MS });
  wake();
});

void run();

async function run(): Promise<void> {
  while (!state.isClosing) {
    const question = asked.shift();
    if (question !== undefined) await answer(question);
    else if (following) await follow();
    else await pause();
  }
  sums.close();
  if (state.isDamaged) removeSumsFile(sumsFileOf(ledgerFile));
  ledger.close();
  port.close();
}

/** Whoever ingests meanwhile gets half of the time at least. */
async function follow(): Promise<void> {
  const startMs = performance.now();
  try {
    const { done, of } = follower.step();
    await pause(done === of ? IDLE_MS : performance.now() - startMs);
  } catch (error) {
    noteDamage(error);
    // The disk is full, perhaps.
    tell({ followingTrouble: troubleOf(error) });
    await pause(IDLE_MS);
  }
}

async function answer({ id, question, untilMs }: Asked): Promise<void> {
  let reply: SumsReply;
  try {
    let progress = follower.step();
    // What is committed after the question need not be in the answer.
    const wanted = progress.of;
    while (progress.done < Math.min(wanted, progress.of) && performance.now() < untilMs && !state.isClosing) {
      await new Promise((resume) => setImmediate(resume));
      progress = follower.step();
    }
    if (progress.done < Math.min(wanted, progress.of)) throw new SumsBehindError(progress);
    reply = { id, answer: answerFrom(ledger, sums, follower.position as SumsPosition, question) };
  } catch (error) {
    noteDamage(error);
    if (error instanceof SumsBehindError) reply = { id, behind: error.progress };
    else if (error instanceof TooManySumsError) reply = { id, tooMany: true };
    else reply = { id, trouble: troubleOf(error) };
  }
  tell(reply);
}

function tell(reply: SumsReply): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  port.postMessage(reply);
}

/** A file that cannot be read is made anew by the thread that comes after this one. */
function noteDamage(error: unknown): void {
  if (!isDamage(error)) return;
  state.isDamaged = true;
  state.isClosing = true;
}

/** Ends with the time, or where something is to be done. */
function pause(ms?: number): Promise<void> {
  if (asked.length > 0 || state.isClosing) return Promise.resolve();
  return new Promise((resume) => {
    const timer = ms === undefined ? undefined : setTimeout(done, ms);
    wake = done;
    function done(): void {
      clearTimeout(timer);
      wake = () => undefined;
      resume();
    }
  });
}
