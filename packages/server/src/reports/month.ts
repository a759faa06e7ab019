/** A calendar month (UTC), for reports. */
import { hourOf } from "../domain/metering/metering-record.ts";
import { readMonth } from "@countinghouse/protocol";

export interface Month {
  /** Such as `2026-03`. */
  readonly name: string;
  /** Whole hours since the epoch; the last one is not included. */
  readonly fromHour: number;
  readonly toHour: number;
}

/** Undefined for a text that is no month since 1970. */
export function monthOf(text: string): Month | undefined {
  const read = readMonth(text);
  if (read === undefined) return undefined;
  const { year, month } = read;
  return {
    name: text,
    fromHour: hourOf(Date.UTC(year, month - 1)),
    toHour: hourOf(Date.UTC(year, month)),
  };
}
