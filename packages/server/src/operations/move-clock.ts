import { iso, readTime, type EpochMs } from "@countinghouse/protocol";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";

type ClockMove = { readonly toMs: EpochMs } | { readonly byMs: number };

/**
 * Moves the service clock forward, never back, to a whole millisecond, as entry times are. Answers where it is, and the refusal,
 * as a sentence without its end.
 */
export function moveClock(
  ledger: Ledger,
  call: Call,
  move: ClockMove,
): Promise<{ readonly nowMs: EpochMs; readonly refusal: string | undefined }> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ nowMs }): Decision<{ nowMs: EpochMs; refusal: string | undefined }> => {
      const toMs = Math.round("toMs" in move ? move.toMs : nowMs + move.byMs);
      const refusal = toMs < nowMs ? "The clock moves forward only" : isWritten(toMs) ? undefined : BEYOND;
      if (refusal !== undefined) {
        const message = `${refusal}.`;
        const compared = { now: iso(nowMs), to: iso(toMs) };
        return {
          event: { kind: "call-refused", code: "conflict", message, compared },
          answer: { nowMs, refusal },
        };
      }
      return {
        event: { kind: "clock-moved", fromMs: nowMs, toMs },
        moveClockTo: toMs,
        answer: { nowMs: toMs, refusal: undefined },
      };
    },
  });
}

const BEYOND = "The clock goes as far as the year 9999";

/** Whether a time can be written as all times are: what cannot be read again would be kept for good. */
function isWritten(atMs: EpochMs): boolean {
  return readTime(iso(atMs)) !== undefined;
}
