/**
 * What the ledger keeps, as it is shown: times, which are numbers inside, as dates. Durations, such as `delayMs`, stay as
 * they are.
 */
import { HOUR_MS, iso } from "@countinghouse/protocol";

const DURATIONS: ReadonlySet<string> = new Set(["delayMs"]);
/** The furthest time, either way, that has a date. */
const TIME_MS_MAX = 8.64e15;

/** A structure, and whatever structures and lists are in it: `startsAtMs` as `startsAt`, an hour as the time it begins. */
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
