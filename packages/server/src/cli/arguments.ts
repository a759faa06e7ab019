/** Values on the command line, read and checked: what is wrong with one ends in exit code 2. */
import { InvalidArgumentError } from "commander";

const SECONDS = { s: 1, m: 60, h: 3_600, d: 86_400 } as const;

/** A duration in seconds: `90`, `90s`, `15m`, `6h` or `2d`. */
export function durationArgument(text: string): number {
  const [, count, unit = "s"] = /^(\d{1,12})([smhd])?$/.exec(text) ?? [];
  if (count === undefined) throw new InvalidArgumentError("It must be a duration such as 90s, 15m, 6h or 2d.");
  return Number(count) * SECONDS[unit as keyof typeof SECONDS];
}

/** A time, answered as the operator API takes it. A date alone is its first moment in UTC. */
export function timeArgument(text: string): string {
  const atMs = /^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[-+]\d\d:\d\d))?$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  if (Number.isNaN(atMs)) throw new InvalidArgumentError("It must be a time such as 2026-07-01T06:00:00Z.");
  return new Date(atMs).toISOString();
}

/** A whole number from 1 to `max`. */
export function countArgument(max: number): (text: string) => number {
  return (text) => {
    const count = Number(text);
    if (/^\d+$/.test(text) && count >= 1 && count <= max) return count;
    throw new InvalidArgumentError(`It must be a whole number from 1 to ${max}.`);
  };
}

/** A share of all, above 0 and up to 1. */
export function shareArgument(text: string): number {
  const share = Number(text);
  if (/^\d*\.?\d+$/.test(text) && share > 0 && share <= 1) return share;
  throw new InvalidArgumentError("It must be a number above 0 and up to 1, such as 0.25.");
}
