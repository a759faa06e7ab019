/** Waits for a server that is restarting. */
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorConnectionError } from "../../operator/client/errors.ts";
import { CommandError, EXIT } from "../connection.ts";

const RETRY_MS = 500;

interface Patience {
  /** How often the call is tried again. */
  readonly retriesMax: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
  /** Says something on standard error. */
  readonly say?: (text: string) => void;
}

/** Repeats a call until a server answers; says on standard error when it begins to wait and when it ends. */
export async function patiently<T>(
  call: () => Promise<T>,
  { retriesMax, signal, say = onStandardError }: Patience,
): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      const result = await call();
      if (tried > 0) say("The server is there again.");
      return result;
    } catch (error) {
      // CommandError: no server runs on the data folder.
      const isUnreachable =
        error instanceof OperatorConnectionError ||
        (error instanceof CommandError && error.exitCode === EXIT.unreachable);
      if (!isUnreachable || tried >= retriesMax) throw error;
      if (tried === 0) say("The server cannot be reached; waiting for it.");
      await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}

function onStandardError(text: string): void {
  process.stderr.write(`${text}\n`);
}
