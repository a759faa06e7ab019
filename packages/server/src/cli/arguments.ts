/** Reads and checks values of the command line; a wrong one ends the command with exit code 2. */
import { InvalidArgumentError } from "commander";
import {
  DURATION_EXPECTED,
  MONTH_EXPECTED,
  readDay,
  readDuration,
  readMonth,
  readTime,
  readWhole,
  TIME_EXPECTED,
  iso,
} from "@countinghouse/protocol";

/** A duration in seconds: `90`, `90s`, `15m`, `6h` or `2d`. */
export function durationArgument(text: string): number {
  return readDuration(text) ?? refuse(DURATION_EXPECTED);
}

/** A time in the form of the operator API. A day alone stands for its first moment in UTC. */
export function timeArgument(text: string): string {
  return iso(readTime(text) ?? readDay(text) ?? refuse(`${TIME_EXPECTED}, or a day`));
}

export function monthArgument(text: string): string {
  return readMonth(text) === undefined ? refuse(MONTH_EXPECTED) : text;
}

/** A whole number from 1 to `max`. */
export function countArgument(max: number): (text: string) => number {
  return (text) => readWhole(text, 1, max) ?? refuse(`must be a whole number from 1 to ${max}`);
}

/** A share, above 0 and at most 1. */
export function shareArgument(text: string): number {
  const share = Number(text);
  if (/^\d*\.?\d+$/.test(text) && share > 0 && share <= 1) return share;
  return refuse("must be a number above 0 and up to 1, such as 0.25");
}

function refuse(expected: string): never {
  throw new InvalidArgumentError(`It ${expected}.`);
}
