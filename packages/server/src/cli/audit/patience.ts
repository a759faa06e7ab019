/** Waiting for a server that is restarted. */
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorConnectionError } from "../../operator/client/errors.ts";
import { CommandError, EXIT } from "../connection.ts";

const RETRY_MS = 500;

interface Patience {
  /** How often it is tried again. */
  readonly retriesMax: number;
  /** Ends the waiting. */
  readonly signal?: AbortSignal;
}

/** Calls until a server answers; says on standard error that it waits, and that it waits no more. */
export async function patiently<T>(call: () => Promise<T>, { retriesMax, signal }: Patience): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      const result = await call();
      if (tried > 0) process.stderr.write("The server is there again.\n");
      return result;
    } catch (error) {
      // A CommandError: no server runs on the data folder.
      const isUnreachable =
        error instanceof OperatorConnectionError ||
        (error instanceof CommandError && error.exitCode === EXIT.unreachable);
      if (!isUnreachable || tried >= retriesMax) throw error;
      if (tried === 0) process.stderr.write("The server cannot be reached; waiting for it.\n");
      await sleep(RETRY_MS, undefined, signal === undefined ? {} : { signal });
    }
  }
}
