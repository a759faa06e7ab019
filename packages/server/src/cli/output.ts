/** What commands print: JSON for programs, and for people plain text in columns, never shortened and without colours. */

/** Prints a result on standard output: as JSON with `--json`, and otherwise as text. */
export function print(flags: { readonly json?: boolean }, result: unknown, text: string): void {
  process.stdout.write(`${flags.json === true ? jsonText(result, 2) : printableLines(text)}\n`);
}

/** The columns of a table: their headings, and the values in them. */
export type Columns<Item> = Readonly<Record<string, (item: Item) => unknown>>;

/** A heading, and an aligned line for each item; columns of numbers are aligned to the right. */
export function table<Item>(columns: Columns<Item>, items: readonly Item[]): string {
  const aligned = Object.entries(columns).map(([heading, valueOf]) => {
    const values = items.map(valueOf);
    const cells = [heading, ...values.map(cellOf)];
    const width = Math.max(...cells.map((cell) => cell.length));
    const isNumeric = values.length > 0 && values.every((value) => typeof value === "number");
    return cells.map((cell) => (isNumeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  const lines = [undefined, ...items].map((_, i) => aligned.map((cells) => cells[i]).join("  "));
  return lines.map((line) => line.trimEnd()).join("\n");
}

/** One line for each member; a list of objects becomes a table below its name. */
export function describe(document: object): string {
  const members = Object.entries(document);
  const width = Math.max(...members.map(([name]) => name.length));
  return members
    .map(([name, value]: [string, unknown]) =>
      isObjectList(value)
        ? `${name}\n${indented(table(columnsOf(value), value))}`
        : `${name.padEnd(width)}  ${cellOf(value)}`,
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
