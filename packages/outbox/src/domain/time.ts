/** Instants, hours and months (UTC), as milliseconds since the epoch. */
import { HOUR_MS } from "@countinghouse/protocol";

const INSTANT =
  /^(\d{4})-(\d\d)-(\d\d)T([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,9}))?(?:Z|([+-])([01]\d|2[0-3]):([0-5]\d))$/;

/**
 * The instant that an ISO 8601 text names, in whole milliseconds, the rest dropped; undefined for a text without a zone, and
 * for a day that is in no calendar.
 */
export function readInstant(text: string): number | undefined {
  const match = INSTANT.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction = "", sign, zoneHour = "0", zoneMinute = "0"] = match;
  const dayMs = startOfDay(`${year}-${month}-${day}`);
  if (dayMs === undefined) return undefined;
  const seconds = Number(hour) * 3_600 + Number(minute) * 60 + Number(second);
  const zoneSeconds = (Number(zoneHour) * 3_600 + Number(zoneMinute) * 60) * (sign === "-" ? -1 : 1);
  return dayMs + (seconds - zoneSeconds) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3));
}

/** Most readings of a program are of the same day as the one before. */
let asked: { readonly day: string; readonly startMs: number | undefined } = { day: "", startMs: undefined };

function startOfDay(day: string): number | undefined {
  if (asked.day !== day) {
    const startMs = Date.UTC(Number(day.slice(0, 4)), Number(day.slice(5, 7)) - 1, Number(day.slice(8)));
    asked = { day, startMs: isoOf(startMs).slice(0, 10) === day ? startMs : undefined };
  }
  return asked.startMs;
}

export function isoOf(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function hourOf(epochMs: number): number {
  return Math.floor(epochMs / HOUR_MS) * HOUR_MS;
}

/** Whole seconds, as they are sent: the fraction is dropped, which never leads into another hour. */
export function wholeSecond(epochMs: number): number {
  return Math.floor(epochMs / 1000) * 1000;
}

/** The month of a time, such as `2026-11`. */
export function monthOf(epochMs: number): string {
  return isoOf(epochMs).slice(0, 7);
}

/** The first instant of the month after. */
export function monthEndOf(epochMs: number): number {
  const date = new Date(epochMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
