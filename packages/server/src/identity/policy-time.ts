/** Times as IAM policies write them: ISO 8601 in one of W3C's forms, or seconds since 1970. */
import type { EpochMs } from "@countinghouse/protocol";

/** The end of the year 9999. A larger number must have been meant as milliseconds. */
const SECONDS_MAX = 253_402_300_799;
const MINUTE_MS = 60_000;

/** `2027`, `2027-01`, `2027-01-01`, and with a time of day and a zone; four digits alone are a year. */
const W3C = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):(\d\d)))?)?)?$/;

/** Undefined for a text that is no time, or a day that the calendar does not have. */
export function readPolicyTime(text: string): EpochMs | undefined {
  const found = W3C.exec(text);
  if (found === null) return readSeconds(text);
  const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = found
    .slice(1, 7)
    .map((digits: string | undefined) => (digits === undefined ? undefined : Number(digits)));
  const [fraction = "", sign, zoneHours = "0", zoneMinutes = "0"] = found.slice(7);
  if (hour > 23 || minute > 59 || second > 59 || Number(zoneHours) > 23 || Number(zoneMinutes) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  // JavaScript turns a day that the month does not have into a day of the next month.
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  date.setUTCHours(hour, minute, second, Number(fraction.padEnd(3, "0").slice(0, 3)));
  const offsetMs = (Number(zoneHours) * 60 + Number(zoneMinutes)) * MINUTE_MS;
  return date.getTime() - (sign === "-" ? -offsetMs : offsetMs);
}

function readSeconds(text: string): EpochMs | undefined {
  const seconds = /^(0|[1-9]\d{0,11})$/.test(text) ? Number(text) : Infinity;
  return seconds <= SECONDS_MAX ? seconds * 1_000 : undefined;
}
