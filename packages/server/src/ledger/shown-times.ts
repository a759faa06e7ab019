/** Shows what the ledger keeps: times, which are numbers inside, become dates. Durations, such as `delayMs`, stay numbers. */
import { HOUR_MS, iso } from "@countinghouse/protocol";

const DURATIONS: ReadonlySet<string> = new Set(["delayMs"]);
/** The largest time, before or after the epoch, that has a date. */
const TIME_MS_MAX = 8.64e15;

/** Converts a structure and everything in it: `startsAtMs` becomes `startsAt`; an hour becomes the time at which it begins. */
export function withShownTimes(members: object): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(members).map(([name, value]: [string, unknown]) => shown(name, value)));
}

function shown(name: string, value: unknown): readonly [string, unknown] {
  if (Array.isArray(value)) return [name, value.map((item) => shown("", item)[1])];
  if (typeof value === "object" && value !== null) return [name, withShownTimes(value)];
  if (typeof value !== "number") return [name, value];
  if (name === "hour") return [name, dateOf(value * HOUR_MS) ?? value];
  const date = name.endsWith("Ms") && !DURATIONS.has(name) ? dateOf(value) : undefined;
  return date === undefined ? [name, value] : [name.slice(0, -2), date];
}

function dateOf(timeMs: number): string | undefined {
  return Math.abs(timeMs) <= TIME_MS_MAX ? iso(timeMs) : undefined;
}
