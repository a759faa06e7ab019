/** What commands print: JSON for programs, and for people plain text in columns, never shortened, and as wide as their terminal. */
import { GAP, layOut } from "./table-layout.ts";
import { heading, widthOf } from "./terminal.ts";

/** Prints a result on standard output: as JSON with `--json`, and otherwise as text. */
export function print(flags: { readonly json?: boolean }, result: unknown, text: string): void {
  process.stdout.write(`${flags.json === true ? jsonText(result, 2) : printableLines(text)}\n`);
}

/** Prints a list on standard output: as JSON where `--json` was given, else as a table with its heading set off. */
export function printTable<Item>(
  flags: { readonly json?: boolean },
  items: readonly Item[],
  columns: Columns<Item>,
): void {
  if (flags.json === true) return print(flags, items, "");
  const { head, body } = layOut(cellsOf(columns, items), widthOf(process.stdout));
  const lines = [...head.map((line) => heading(line, process.stdout)), ...body];
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** The columns of a table: their headings, and the values in them. */
export type Columns<Item> = Readonly<Record<string, (item: Item) => unknown>>;

/** A heading, and an aligned line for each item; columns of numbers are aligned to the right. */
export function table<Item>(columns: Columns<Item>, items: readonly Item[], room = widthOf(process.stdout)): string {
  const { head, body } = layOut(cellsOf(columns, items), room);
  return [...head, ...body].join("\n");
}

function cellsOf<Item>(columns: Columns<Item>, items: readonly Item[]): Parameters<typeof layOut>[0] {
  return Object.entries(columns).map(([name, valueOf]) => {
    const values = items.map(valueOf);
    const isNumeric = values.length > 0 && values.every((value) => typeof value === "number");
    return { heading: printable(name), cells: values.map(cellOf), isNumeric };
  });
}

/** One line for each member; a list of objects becomes a table below its name. */
export function describe(document: object, room = widthOf(process.stdout)): string {
  const entries = Object.entries(document);
  const width = Math.max(...entries.map(([name]) => name.length));
  const inner = room === undefined ? undefined : room - GAP.length;
  return entries
    .map(([name, value]: [string, unknown]) =>
      isObjectList(value)
        ? `${name}\n${indented(table(columnsOf(value), value, inner))}`
        : `${name.padEnd(width)}${GAP}${cellOf(value)}`,
    )
    .join("\n");
}

function isObjectList(value: unknown): value is object[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "object" && item !== null);
}

function columnsOf(items: readonly object[]): Columns<object> {
  const names = new Set(items.flatMap((item) => Object.keys(item)));
  return Object.fromEntries([...names].map((name) => [name, (item) => (item as Record<string, unknown>)[name]]));
}

/** An empty cell is a dash, so that every line has as many words as the heading. */
function cellOf(value: unknown): string {
  if (value === undefined || value === null || value === "") return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.map(cellOf).join(", ");
  return printable(typeof value === "string" ? value : JSON.stringify(value));
}

/** Characters that a terminal acts on, or that change the order in which it shows text. Strangers can send such texts. */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\u2028\u2029]/gu;

/** The text on one line, with such characters escaped. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, escaped);
}

/** The same, but line breaks stay. */
export function printableLines(text: string): string {
  return text.split(/\r?\n/).map(printable).join("\n");
}

/** JSON with such characters escaped: a terminal shows it safely, and it is read as the same value. */
export function jsonText(value: unknown, indent = 0): string {
  // Unescaped line breaks occur only between members: inside texts JSON escapes them.
  return JSON.stringify(value, undefined, indent).replaceAll(UNPRINTABLE, (character) =>
    character === "\n" ? character : escaped(character),
  );
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "  ");
}
