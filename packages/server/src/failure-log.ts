/**
 * Log lines of requests that failed through this server's fault. If the machine is in trouble, all requests fail alike, and the
 * log is often on the same full disk. So each kind of failure gets one line a second, with a count.
 */
import type { World } from "./world.ts";

export interface FailureLog {
  readonly note: (error: Error, requestId: string) => void;
  /** Writes the lines that are still to be written. */
  readonly stop: () => void;
}

interface Failures {
  count: number;
  requestId: string;
}

const SECOND_MS = 1_000;
/** How many kinds of failures are distinguished, because their texts may hold anything. */
const KINDS_MAX = 50;
const OTHERS = "other failures";

/** The first failure of a kind is logged at once, with its stack trace. */
export function failureLog(
  log: { error(details: object, message: string): void },
  { every }: Pick<World, "every">,
): FailureLog {
  /** Failures since the last line, of kinds that had a line within the last second. */
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
