/**
 * Times as callers have them, and as they are sent. A time is fixed once, when a call begins: every attempt of the call
 * sends the same bytes.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { invalidInput } from "./outcome.ts";

/**
 * A point in time: a `Date`; a number of milliseconds since the epoch, as `Date.now()` gives; anything with
 * `epochMilliseconds`, such as `Temporal.Instant` and `Temporal.ZonedDateTime`; or `{ epochSeconds }`.
 *
 * A bare number before 1973 or after 2286 is refused: it is seconds, or microseconds, by mistake.
 */
export type Time = Date | number | { readonly epochMilliseconds: number } | { readonly epochSeconds: number };

/** 1973-03-03 and 2286-11-20: a number of seconds of our time lies below, of microseconds above. */
const PLAUSIBLE_MS_MIN = 100_000_000_000;
const PLAUSIBLE_MS_MAX = 10_000_000_000_000;
/** The furthest instant that a `Date` can hold. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** A point in time as milliseconds since the epoch. Throws a `MeteringError`, `InvalidInputError`, for what is none. */
export function epochMsOf(time: Time): EpochMs {
  if (typeof time === "number") {
    if (time >= PLAUSIBLE_MS_MIN && time < PLAUSIBLE_MS_MAX) return time;
    throw invalidInput(
      `The time ${time} is not in milliseconds since the epoch, as a bare number must be; use a Date, or { epochSeconds }.`,
    );
  }
  let epochMs = Number.NaN;
  if (time instanceof Date) epochMs = time.getTime();
  else if (typeof time === "object" && time !== null) {
    if ("epochMilliseconds" in time) epochMs = time.epochMilliseconds;
    else if ("epochSeconds" in time) epochMs = time.epochSeconds * 1000;
  }
  if (Math.abs(epochMs) <= DATE_MS_MAX) return epochMs;
  throw invalidInput("A time must be a valid Date, milliseconds since the epoch, or have epochMilliseconds.");
}

/**
 * A time as it is sent: whole seconds, the fraction dropped, as the AWS SDKs for Python and Go do. A fraction has no
 * meaning in metering, and dropping it never moves usage into another hour.
 */
export function wireMsOf(time: Time): EpochMs {
  return Math.floor(epochMsOf(time) / 1000) * 1000;
}

/**
 * The start of the hour (UTC) that a time lies in: the hour within which a metering record is unique per customer and
 * dimension.
 *
 * Usage is best sent with its own time and not with the start of its hour: the service measures age from the time that
 * is sent, so that flooring makes a record up to an hour older than it is.
 */
export function startOfHour(time: Time): Date {
  return new Date(Math.floor(epochMsOf(time) / HOUR_MS) * HOUR_MS);
}
