/** Moments as somebody likes to read them: in UTC, in the browser's zone, or as how long ago by the service clock. */
import { useEffect, useState, type ReactNode } from "react";
import { useAnswer } from "../api/calls.ts";
import { usePreferences, type Preferences } from "../shell/preferences.ts";

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Where the service clock is, as far as it was told last. */
export function useServiceNow(): number {
  const { data, dataUpdatedAt } = useAnswer("GET /server", undefined);
  const [wallMs, setWallMs] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setWallMs(Date.now()), 10_000);
    return () => clearInterval(timer);
  }, []);
  if (data === undefined) return wallMs;
  const { now, mode } = data.clock;
  const atMs = Date.parse(now);
  return mode === "manual" ? atMs : atMs + Math.max(0, wallMs - dataUpdatedAt);
}

interface TimeProps {
  readonly at: string | undefined;
  /** What is said where there is no moment. */
  readonly none?: string;
  /** Whether the date is left out of today's. */
  readonly short?: boolean;
}

export function Time({ at, none = "–", short = false }: TimeProps): ReactNode {
  const { time } = usePreferences();
  const nowMs = useServiceNow();
  if (at === undefined) return <span className="quiet">{none}</span>;
  const ms = Date.parse(at);
  if (Number.isNaN(ms)) return <span>{at}</span>;
  return (
    <time dateTime={at} title={`${utc(ms)} UTC\n${local(ms)} here\n${relative(ms, nowMs)}`}>
      {textOf(ms, time, nowMs, short)}
    </time>
  );
}

function textOf(ms: number, mode: Preferences["time"], nowMs: number, short: boolean): string {
  if (mode === "relative") return relative(ms, nowMs);
  const text = mode === "utc" ? utc(ms) : local(ms);
  const today = mode === "utc" ? utc(nowMs) : local(nowMs);
  return short && text.slice(0, 10) === today.slice(0, 10) ? text.slice(11) : text;
}

/** `2026-11-29 18:05:09`. */
export function utc(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace("T", " ");
}

function local(ms: number): string {
  const offsetMs = new Date(ms).getTimezoneOffset() * MINUTE_MS;
  return utc(ms - offsetMs);
}

function relative(ms: number, nowMs: number): string {
  const awayMs = ms - nowMs;
  const size = Math.abs(awayMs);
  if (size < 1_500) return "now";
  const [count, unit] =
    size < MINUTE_MS
      ? [size / 1_000, "s"]
      : size < HOUR_MS
        ? [size / MINUTE_MS, "min"]
        : size < 2 * DAY_MS
          ? [size / HOUR_MS, "h"]
          : [size / DAY_MS, "d"];
  const text = `${Math.round(count)} ${unit}`;
  return awayMs < 0 ? `${text} ago` : `in ${text}`;
}

/** A length of time in words: `26 h 3 min`. */
export function lengthOf(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  const minutes = Math.round((ms % HOUR_MS) / MINUTE_MS);
  if (hours >= 72) return `${Math.floor(hours / 24)} d ${hours % 24} h`;
  return hours === 0 ? `${minutes} min` : `${hours} h ${minutes} min`;
}
