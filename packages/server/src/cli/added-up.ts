/** Asks a server that may have to add up its ledger before it can answer: shows how far that has come. */
import { setTimeout as sleep } from "node:timers/promises";
import { OperatorProblemError } from "../operator/client/errors.ts";
import { longWork } from "./long-work.ts";

const PAUSE_MS = 250;

/** Calls until the server has come to the end. */
export async function addedUp<T>(
  flags: { readonly json?: boolean },
  call: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  return longWork(
    flags,
    () => "The server goes on adding up.",
    async ({ onProgress, signal }) => {
      onProgress({ doing: "waiting for the server", done: 0, unit: "entries" });
      for (;;) {
        try {
          return await call(signal);
        } catch (error) {
          const progress = error instanceof OperatorProblemError ? error.progress : undefined;
          if (progress === undefined) throw error;
          onProgress({ doing: "adding up", ...progress, unit: "entries" });
          await sleep(PAUSE_MS, undefined, { signal });
        }
      }
    },
  );
}
