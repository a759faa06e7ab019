/** What is printed, and what a command ends with. */
import { isoOf } from "../domain/time.ts";

export const EXIT = { well: 0, atRisk: 1, usage: 2, unreachable: 3 } as const;

/** Thrown by a command that has printed what it has to say, and is not content with it. */
export class AtRisk extends Error {}

/** Texts of strangers do nothing to a terminal. */
export function printable(text: string): string {
  // oxlint-disable-next-line no-control-regex -- that is what it is about
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\uFFFD");
}

export function print(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}

/** Times as texts beside their milliseconds' names: `hourMs` becomes `hour`. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(withTimes(value), undefined, 2)}\n`);
}

function withTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimes);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, member]: [string, unknown]) =>
      name.endsWith("Ms") && typeof member === "number"
        ? [name.slice(0, -2), timeText(member)]
        : [name, withTimes(member)],
    ),
  );
}

export function timeText(epochMs: number | undefined): string {
  if (epochMs === undefined) return "never";
  return Math.abs(epochMs) < 8.64e15 ? isoOf(epochMs) : String(epochMs);
}

/** Columns, as wide as they need to be. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => printable(row[at] ?? "").length)));
  const line = (row: readonly string[]): string =>
    row.map((cell, at) => printable(cell).padEnd(at === row.length - 1 ? 0 : (widths[at] ?? 0))).join("  ");
  return [head, ...rows].map(line).join("\n");
}
