/** Waiting for a server that is adding up its ledger: says how far that has come, how fast, and how long it will take. */
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorProblemError } from "../operator/client/errors.ts";

const PAUSE_MS = 250;
const SECOND_MS = 1_000;

interface Progress {
  readonly done: number;
  readonly of: number;
}

/** Calls until the server has come to the end. Shows progress on a terminal, as lines of JSON with `--json`, and else nothing. */
export async function addedUp<T>({ json }: { readonly json?: boolean }, call: () => Promise<T>): Promise<T> {
  const show = json === true ? showJson : process.stderr.isTTY ? showLine : () => undefined;
  const startMs = performance.now();
  let first: Progress | undefined;
  let isShown = false;
  for (;;) {
    try {
      const result = await call();
      if (isShown && json !== true && process.stderr.isTTY) process.stderr.write("\r\u001b[K");
      return result;
    } catch (error) {
      const progress = error instanceof OperatorProblemError ? error.progress : undefined;
      if (progress === undefined) throw error;
      first ??= progress;
      const seconds = (performance.now() - startMs) / SECOND_MS;
      show(progress, (progress.done - first.done) / seconds);
      isShown = true;
      await sleep(PAUSE_MS);
    }
  }
}

function showJson({ done, of }: Progress, perSecond: number): void {
  process.stderr.write(`${JSON.stringify({ doing: "adding up", done, of, perSecond: Math.round(perSecond) })}\n`);
}

function showLine({ done, of }: Progress, perSecond: number): void {
  const share = of === 0 ? 100 : Math.floor((100 * done) / of);
  const speed =
    perSecond > 0 ? `, ${Math.round(perSecond)} a second, ${Math.ceil((of - done) / perSecond)} s left` : "";
  process.stderr.write(`\r\u001b[KThe ledger is being added up: ${done} of ${of} entries (${share} %)${speed}`);
}
