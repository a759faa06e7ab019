/**
 * Log lines of requests that failed for trouble of ours. When the machine is in trouble all of them fail alike, and on a disk that is
 * full the log is often on the same one: so there is one line a second for each kind of failure, with a count.
 */
import type { World } from "./world.ts";

export interface FailureLog {
  readonly note: (error: Error, requestId: string) => void;
  /** Tells what has not been told yet. */
  readonly stop: () => void;
}

interface Failures {
  count: number;
  requestId: string;
}

const SECOND_MS = 1_000;
/** Kinds that are told apart; texts may hold anything. */
const KINDS_MAX = 50;
const OTHERS = "other failures";

/** The first of a kind is told at once, with the place it came from. */
export function failureLog(
  log: { error(details: object, message: string): void },
  { every }: Pick<World, "every">,
): FailureLog {
  /** Those since the last line, of kinds that there was a line of a second ago. */
  const since = new Map<string, Failures>();
  const tell = (): void => {
    for (const [why, { count, requestId }] of since) {
      if (count === 0) {
        since.delete(why);
        continue;
      }
      log.error({ why, count, requestId }, "requests failed");
      since.set(why, { count: 0, requestId: "" });
    }
  };
  const stopTimer = every(SECOND_MS, tell);
  return {
    note: (error, requestId) => {
      const text = `${error.name}: ${error.message}`;
      const why = since.has(text) || since.size < KINDS_MAX ? text : OTHERS;
      const failures = since.get(why);
      if (failures === undefined) {
        since.set(why, { count: 0, requestId: "" });
        log.error({ err: error, requestId }, "request failed");
      } else {
        failures.count += 1;
        failures.requestId = requestId;
      }
    },
    stop: () => {
      stopTimer();
      tell();
    },
  };
}
