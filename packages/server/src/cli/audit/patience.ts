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
}

/** Repeats a call until a server answers; says on standard error when it begins to wait and when it ends. */
export async function patiently<T>(call: () => Promise<T>, { retriesMax, signal }: Patience): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      const result = await call();
      if (tried > 0) process.stderr.write("The server is there again.\n");
      return result;
    } catch (error) {
      // CommandError: no server runs on the data folder.
      const isUnreachable =
        error instanceof OperatorConnectionError ||
        (error instanceof CommandError && error.exitCode === EXIT.unreachable);
      if (!isUnreachable || tried >= retriesMax) throw error;
      if (tried === 0) process.stderr.write("The server cannot be reached; waiting for it.\n");
      await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}
