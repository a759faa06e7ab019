/** A calendar month (UTC), as reports are asked for. */
import { hourOf } from "../domain/metering-record.ts";

export interface Month {
  /** Such as `2026-03`. */
  readonly name: string;
  /** Whole hours since the epoch; the last one is not included. */
  readonly fromHour: number;
  readonly toHour: number;
}

/** Undefined for what is no month since 1970. */
export function monthOf(text: string): Month | undefined {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (year === undefined || Number(year) < 1970) return undefined;
  return {
    name: text,
    fromHour: hourOf(Date.UTC(Number(year), Number(month) - 1)),
    toHour: hourOf(Date.UTC(Number(year), Number(month))),
  };
}
