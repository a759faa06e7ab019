/** Months, as they are chosen and asked for. */
import type { ReactNode } from "react";
import { Field } from "./fields.tsx";
import { useServiceNow } from "./time.tsx";

/** `2026-11`, by the service clock. */
export function useThisMonth(): string {
  return new Date(useServiceNow()).toISOString().slice(0, 7);
}

export const isMonth = (text: string): boolean => /^\d{4}-(0[1-9]|1[0-2])$/.test(text);

export function monthBefore(month: string, by = 1): string {
  const [year = 0, number = 1] = month.split("-").map(Number);
  return new Date(Date.UTC(year, number - 1 - by, 1)).toISOString().slice(0, 7);
}

/** Its first moment, and the first of the next one. */
export function monthSpan(month: string): { readonly from: string; readonly to: string; readonly days: number } {
  const from = `${month}-01T00:00:00Z`;
  const to = `${monthBefore(month, -1)}-01T00:00:00Z`;
  return { from, to, days: Math.round((Date.parse(to) - Date.parse(from)) / 86_400_000) };
}

interface MonthFieldProps {
  readonly month: string;
  readonly onChange: (month: string) => void;
}

export function MonthField({ month, onChange }: MonthFieldProps): ReactNode {
  return (
    <>
      <button
        type="button"
        className="button"
        aria-label="The month before"
        onClick={() => onChange(monthBefore(month))}
      >
        ‹
      </button>
      <Field
        label="Month"
        type="month"
        isFilter
        value={month}
        onChange={(text) => (isMonth(text) ? onChange(text) : undefined)}
      />
      <button
        type="button"
        className="button"
        aria-label="The month after"
        onClick={() => onChange(monthBefore(month, -1))}
      >
        ›
      </button>
    </>
  );
}
