import { iso, type EpochMs } from "@countinghouse/protocol";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";

type ClockMove = { readonly toMs: EpochMs } | { readonly byMs: number };

/**
 * Moves the service clock forward, never back, to a whole millisecond, as entry times are. Answers where it is, or the refusal.
 */
export function moveClock(
  ledger: Ledger,
  call: Call,
  move: ClockMove,
): Promise<{ readonly nowMs: EpochMs; readonly refused: boolean }> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ nowMs }): Decision<{ nowMs: EpochMs; refused: boolean }> => {
      const toMs = Math.round("toMs" in move ? move.toMs : nowMs + move.byMs);
      if (toMs < nowMs) {
        const message = "The clock moves forward only.";
        const compared = { now: iso(nowMs), to: iso(toMs) };
        return {
          event: { kind: "call-refused", code: "conflict", message, compared },
          answer: { nowMs, refused: true },
        };
      }
      return {
        event: { kind: "clock-moved", fromMs: nowMs, toMs },
        moveClockTo: toMs,
        answer: { nowMs: toMs, refused: false },
      };
    },
  });
}
