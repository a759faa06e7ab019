/**
 * The service clock, which decides windows, tokens, agreements and entry times. `system` is the wall clock, `manual` stands
 * still, `offset` runs from where it was set; the last two can be moved forward.
 */
import { iso, type EpochMs } from "@countinghouse/protocol";
import type { ClockPosition } from "./ledger/engine.ts";
import type { LedgerClock } from "./ledger/single-writer-ledger.ts";

export type ClockMode = "system" | "manual" | "offset";

export interface ServiceClock extends LedgerClock {
  readonly mode: ClockMode;
  /** Puts the clock where another server of the same ledger has moved it. */
  standAt(position: ClockPosition): void;
}

export function systemClock(wallMs: () => EpochMs): ServiceClock {
  return {
    mode: "system",
    nowMs: wallMs,
    positionAt: () => undefined,
    moveTo: () => {
      throw new Error("The system clock cannot be moved.");
    },
    standAt: () => undefined,
  };
}

export function manualClock(startMs: EpochMs): ServiceClock {
  let atMs = startMs;
  return {
    mode: "manual",
    nowMs: () => atMs,
    positionAt: (toMs) => ({ mode: "manual", atMs: toMs }),
    moveTo: (toMs) => {
      atMs = toMs;
    },
    standAt: (position) => {
      if (position.mode === "manual") ({ atMs } = position);
    },
  };
}

export function offsetClock(startMs: EpochMs, wallMs: () => EpochMs): ServiceClock {
  let offsetMs = startMs - wallMs();
  return {
    mode: "offset",
    nowMs: () => wallMs() + offsetMs,
    positionAt: (toMs) => ({ mode: "offset", offsetMs: toMs - wallMs() }),
    moveTo: (toMs) => {
      offsetMs = toMs - wallMs();
    },
    standAt: (position) => {
      if (position.mode === "offset") ({ offsetMs } = position);
    },
  };
}

export interface ClockSetting {
  readonly mode: ClockMode;
  /** The time at which the clock starts; undefined to go on from its kept position, or from now on an empty ledger. */
  readonly startMs?: EpochMs | undefined;
}

export class ClockBehindError extends Error {
  constructor(clock: string, nowMs: EpochMs, newestMs: EpochMs) {
    super(
      `The ${clock} clock says ${iso(nowMs)}, but the newest ledger entry is of ${iso(newestMs)}. Time does not run backwards: a lab goes on with --clock manual or --clock offset; where the entry was written by a clock that was wrong, --accept-newest-entry-ahead goes on by the right one.`,
    );
    this.name = "ClockBehindError";
  }
}

/** Makes the clock, going on from its kept position. Throws ClockBehindError for a start that is behind the newest entry. */
export function startClock(
  setting: ClockSetting & { readonly acceptNewestAhead?: boolean },
  kept: { readonly newestAtMs: EpochMs | undefined; readonly clock: ClockPosition | undefined },
  wallMs: () => EpochMs,
): ServiceClock {
  const startMs = setting.startMs ?? stoodAt(kept, wallMs());
  const clock =
    setting.mode === "system"
      ? systemClock(wallMs)
      : setting.mode === "manual"
        ? manualClock(startMs)
        : offsetClock(startMs, wallMs);
  const nowMs = clock.nowMs();
  if (kept.newestAtMs !== undefined && nowMs < kept.newestAtMs && setting.acceptNewestAhead !== true) {
    throw new ClockBehindError(setting.mode, nowMs, kept.newestAtMs);
  }
  return clock;
}

function stoodAt(
  kept: { readonly newestAtMs: EpochMs | undefined; readonly clock: ClockPosition | undefined },
  wallMs: EpochMs,
): EpochMs {
  if (kept.clock === undefined) return Math.max(wallMs, kept.newestAtMs ?? wallMs);
  const stood = kept.clock.mode === "manual" ? kept.clock.atMs : wallMs + kept.clock.offsetMs;
  return Math.ceil(Math.max(stood, kept.newestAtMs ?? stood));
}
