/** An agreement's life as a line: start, suspension, end, and the final hour after a cancellation. */
import type { Agreement } from "countinghouse/operator";
import type { ReactNode } from "react";
import { useServiceNow, utc } from "../parts/time.tsx";

const HOUR_MS = 3_600_000;
const WIDTH = 1_000;

interface Mark {
  readonly atMs: number;
  readonly label: string;
}

export function LifeLine({ agreement }: { readonly agreement: Agreement }): ReactNode {
  const nowMs = useServiceNow();
  const { status } = agreement;
  const startMs = Date.parse(agreement.startsAt);
  const cancelledMs = agreement.cancelledAt === undefined ? undefined : Date.parse(agreement.cancelledAt);
  const suspendedMs = agreement.suspendedAt === undefined ? undefined : Date.parse(agreement.suspendedAt);
  const endMs = cancelledMs ?? (agreement.endsAt === undefined ? undefined : Date.parse(agreement.endsAt));
  const lastMs = Math.max(
    nowMs,
    startMs,
    endMs === undefined ? 0 : Math.min(endMs + HOUR_MS, nowMs + (nowMs - startMs) / 2),
  );
  const fromMs = Math.min(startMs, nowMs);
  const spanMs = Math.max(HOUR_MS, (lastMs - fromMs) * 1.08);
  const x = (ms: number): number => Math.max(0, Math.min(WIDTH, ((ms - fromMs) / spanMs) * WIDTH));
  const aliveToMs = suspendedMs ?? endMs ?? lastMs;
  const marks: Mark[] = [
    { atMs: startMs, label: "starts" },
    ...(suspendedMs === undefined ? [] : [{ atMs: suspendedMs, label: "suspended" }]),
    ...(endMs === undefined || x(endMs) >= WIDTH
      ? []
      : [{ atMs: endMs, label: cancelledMs === undefined ? "ends" : "cancelled" }]),
  ];
  const finalFrom = cancelledMs === undefined ? undefined : x(cancelledMs);
  const sentence = `${status}; ${marks.map(({ atMs, label }) => `${label} ${utc(atMs)} UTC`).join(", ")}; now ${utc(nowMs)} UTC`;
  return (
    <>
      <svg className="life" viewBox={`0 0 ${WIDTH} 72`} preserveAspectRatio="none" role="img" aria-label={sentence}>
        <rect className="over" x="0" y="31" width={WIDTH} height="2" />
        <rect className="span" x={x(startMs)} y="28" width={Math.max(3, x(aliveToMs) - x(startMs))} height="8" rx="2" />
        {suspendedMs === undefined ? null : (
          <rect
            className="suspended"
            x={x(suspendedMs)}
            y="28"
            width={Math.max(3, x(endMs ?? nowMs) - x(suspendedMs))}
            height="8"
            rx="2"
          />
        )}
        {finalFrom === undefined ? null : (
          <rect
            className="final"
            x={finalFrom}
            y="28"
            width={Math.max(4, x((cancelledMs ?? 0) + HOUR_MS) - finalFrom)}
            height="8"
            rx="2"
          />
        )}
        <rect className="ahead" x={x(nowMs)} y="27" width={WIDTH - x(nowMs)} height="10" />
        <line className="now" x1={x(nowMs)} x2={x(nowMs)} y1="20" y2="44" vectorEffect="non-scaling-stroke" />
      </svg>
      <p className="life-key quiet" aria-hidden="true">
        <b className="span">In force</b>
        {suspendedMs === undefined ? null : <b className="suspended">Suspended</b>}
        {finalFrom === undefined ? null : <b className="final">Final hour</b>}
        <b className="now">Now</b>
      </p>
    </>
  );
}
