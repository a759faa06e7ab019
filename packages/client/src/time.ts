/**
 * Times as programs have them, and as they are sent. A time is fixed once, when a call begins, so that every attempt of the
 * call sends the same bytes.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import { invalidInput } from "./outcome.ts";

/**
 * A point in time: a `Date`; a number of milliseconds since the epoch, such as `Date.now()`; anything with `epochMilliseconds`,
 * such as `Temporal.Instant` and `Temporal.ZonedDateTime`; or `{ epochSeconds }`.
 *
 * A bare number before 1973 or after 2286 is refused, because it must be seconds or microseconds by mistake.
 */
export type Time = Date | number | { readonly epochMilliseconds: number } | { readonly epochSeconds: number };

/** 1973-03-03 and 2286-11-20: a present time in seconds is a smaller number, and one in microseconds a larger one. */
const PLAUSIBLE_MS_MIN = 100_000_000_000;
const PLAUSIBLE_MS_MAX = 10_000_000_000_000;
/** The furthest instant that a `Date` can hold. */
const DATE_MS_MAX = 8_640_000_000_000_000;

/** A point in time as milliseconds since the epoch. Throws a `MeteringError`, `InvalidInputError`, for an invalid one. */
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
 * A time as it is sent: in whole seconds, the fraction dropped, as the AWS SDKs for Python and Go do. Fractions have no meaning
 * in metering, and dropping one never moves usage into another hour.
 */
export function wireMsOf(time: Time): EpochMs {
  return Math.floor(epochMsOf(time) / 1000) * 1000;
}

/**
 * The start of the hour (UTC) of a time: within an hour, there is one metering record for each customer and dimension.
 *
 * Usage is best sent with its own time and not with the start of its hour: the service computes age from the time that is sent,
 * so the start of the hour makes a record look up to an hour older.
 */
export function startOfHour(time: Time): Date {
  return new Date(Math.floor(epochMsOf(time) / HOUR_MS) * HOUR_MS);
}
