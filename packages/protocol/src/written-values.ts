/**
 * Times, days, months, durations and whole numbers as people and programs write them. They are read in one way, wherever they
 * come from (flags, arguments, the catalogue, the operator API). Any other form is refused; nothing is guessed.
 */
import type { EpochMs } from "./shapes.ts";

/** The expected forms, for complaints. */
export const TIME_EXPECTED = "must be a time with its zone, such as 2026-07-01T06:00:00Z";
export const MONTH_EXPECTED = "must be a month since 1970, such as 2026-03";
export const DURATION_EXPECTED = "must be a duration of at most 100 years, such as 90s, 15m, 6h or 2d";

/** RFC 3339; seconds may be left out. Digits after the third of a fraction are dropped. */
const TIME =
  /^(\d{4}-\d\d-\d\d)T([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d{1,9}))?)?(?:Z|([-+])([01]\d|2[0-3]):([0-5]\d))$/;
/** The same, for schemas that programs read; it knows less of the calendar. */
export const TIME_PATTERN: string = TIME.source;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;
const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** The last and the first time in years of four digits. */
const TIME_MAX = Date.parse("9999-12-31T23:59:59.999Z");
const TIME_MIN = Date.parse("0000-01-01T00:00:00.000Z");

/** A time in milliseconds; undefined for a text in another form, or a day that is not in the calendar. */
export function readTime(text: string): EpochMs | undefined {
  const [, day, hours, minutes, seconds = "0", fraction = "", sign, offsetHours = "0", offsetMinutes = "0"] =
    TIME.exec(text) ?? [];
  const dayMs = day === undefined ? undefined : readDay(day);
  if (dayMs === undefined) return undefined;
  const ofDayMs =
    minutesOf(hours, minutes) * MINUTE_MS + Number(seconds) * 1_000 + Number(fraction.slice(0, 3).padEnd(3, "0"));
  const offsetMs = minutesOf(offsetHours, offsetMinutes) * MINUTE_MS;
  const atMs = dayMs + ofDayMs - (sign === "-" ? -offsetMs : offsetMs);
  return atMs >= TIME_MIN && atMs <= TIME_MAX ? atMs : undefined;
}

/** The same, for a text that was checked before. Throws RangeError for any other text. */
export function timeOf(text: string): EpochMs {
  const atMs = readTime(text);
  if (atMs === undefined) throw new RangeError("This is no time.");
  return atMs;
}

/** A time in the form that this project writes: in UTC, with milliseconds. Undefined stays undefined. */
export function iso(atMs: EpochMs): string;
export function iso(atMs: EpochMs | undefined): string | undefined;
export function iso(atMs: EpochMs | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

/** The same, in whole seconds. */
export function isoSecond(atMs: EpochMs): string {
  return iso(atMs).replace(/\.\d+Z$/, "Z");
}

/** The first moment of a day in UTC; undefined for a day that is not in the calendar. */
export function readDay(text: string): EpochMs | undefined {
  const [, year, month, day] = DAY.exec(text) ?? [];
  if (year === undefined) return undefined;
  const date = new Date(0);
  // Date.UTC would take years up to 99 for years of the 20th century.
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const isInCalendar = date.toISOString().startsWith(`${text}T`);
  return isInCalendar ? date.getTime() : undefined;
}

/** A calendar month since 1970; January is 1. */
export function readMonth(text: string): { readonly year: number; readonly month: number } | undefined {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  return year === undefined || Number(year) < 1970 ? undefined : { year: Number(year), month: Number(month) };
}

const UNIT_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: DAY_MS / 1_000 };
/** A hundred years; a longer duration must be a mistake. */
export const DURATION_SECONDS_MAX = 3_155_760_000;

/** The seconds of `90`, `90s`, `15m`, `6h` or `2d`. */
export function readDuration(text: string): number | undefined {
  const [, count, unit = "s"] = /^(\d{1,12})([smhd])?$/.exec(text) ?? [];
  const seconds = Number(count) * (UNIT_SECONDS[unit] ?? Number.NaN);
  return seconds <= DURATION_SECONDS_MAX ? seconds : undefined;
}

/** A whole number within bounds, in decimal digits and nothing else. */
export function readWhole(text: string, min: number, max: number): number | undefined {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
  return value >= min && value <= max ? value : undefined;
}

function minutesOf(hours: string | undefined, minutes: string | undefined): number {
  return Number(hours) * 60 + Number(minutes);
}
