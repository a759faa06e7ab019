/**
 * Runs the long part of a command: shows how far it has come (`progress.ts`), and ends it in order where somebody interrupts it. The exit
 * code is then 130 after SIGINT (Ctrl-C) and 143 after SIGTERM, as a shell has it of programs that end by these signals.
 */
import type { OnProgress } from "../ledger/work-progress.ts";
import { realWorld } from "../world.ts";
import { CommandError } from "./connection.ts";
import { Progress } from "./progress.ts";
import { widthOf } from "./terminal.ts";

/** What the work gets: it reports by the one, and ends where the other is aborted. */
export interface LongWork {
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
  /** Says something on standard error, above the line of the progress. */
  readonly say: (text: string) => void;
}

/** The exit codes of interrupted commands. */
export const SIGNALS = { SIGINT: 130, SIGTERM: 143 } as const;
const AFTER_MS = 2_000;
const TICK_MS = 250;

/**
 * `leaves`: what an interruption leaves, in a sentence; it may depend on the error with which the work ended. Work that comes to its end
 * though it was interrupted is done: what it made is whole. A second interruption ends the process at once.
 */
export async function longWork<T>(
  { json }: { readonly json?: boolean },
  leaves: (error: unknown) => string,
  run: (work: LongWork) => Promise<T>,
): Promise<T> {
  const { stderr } = process;
  const progress = new Progress({
    stream: stderr,
    width: () => widthOf(stderr),
    nowMs: realWorld.monotonicMs,
    json: json === true,
    afterMs: afterMs(),
  });
  const interruption = new AbortController();
  let exitCode = 0;
  const listeners = (Object.keys(SIGNALS) as (keyof typeof SIGNALS)[]).map((signal) => {
    const listener = (): void => {
      // By the signal itself: even what runs on another thread then ends at once.
      if (interruption.signal.aborted) endBy(signal);
      exitCode = SIGNALS[signal];
      interruption.abort();
    };
    return { signal, listener };
  });
  const endBy = (signal: keyof typeof SIGNALS): void => {
    progress.clear();
    unlisten();
    process.kill(process.pid, signal);
  };
  const unlisten = (): void => {
    for (const { signal, listener } of listeners) process.off(signal, listener);
  };
  for (const { signal, listener } of listeners) process.on(signal, listener);
  const stopTicking = realWorld.every(TICK_MS, () => progress.tick());
  try {
    return await run({
      onProgress: (told) => progress.report(told),
      signal: interruption.signal,
      say: (text) => {
        progress.clear();
        stderr.write(`${text}\n`);
      },
    });
  } catch (error) {
    if (exitCode === 0) throw error;
    throw new CommandError(`Interrupted. ${leaves(error)}`, exitCode);
  } finally {
    stopTicking();
    unlisten();
    progress.end();
  }
}

function afterMs(): number {
  const said = process.env["COUNTINGHOUSE_PROGRESS_AFTER_MS"];
  return said !== undefined && /^\d+$/.test(said) ? Number(said) : AFTER_MS;
}
