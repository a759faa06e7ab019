/** What tests may hand in wrongly without a type checker: misspelt members would be left out, and say less than they seem to. */
import { types } from "node:util";
import { readTime } from "@countinghouse/protocol";

/** Throws TypeError for what is no such object, and for a member that is none of these. */
export function refuseUnknown(what: string, given: unknown, known: readonly string[]): void {
  const names = known.join(", ");
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${what} must be an object with some of ${names}; got ${String(given)}`);
  }
  const stray = Object.keys(given).find((name) => !known.includes(name));
  if (stray !== undefined) throw new TypeError(`${what} has no member ${stray}; it has ${names}`);
}

/** Milliseconds since the epoch of a Date, of any context, or of a time in ISO 8601; undefined for all else. */
export function momentOf(time: unknown): number | undefined {
  const atMs = typeof time === "string" ? readTime(time) : types.isDate(time) ? time.getTime() : undefined;
  return atMs === undefined || Number.isNaN(atMs) ? undefined : atMs;
}
