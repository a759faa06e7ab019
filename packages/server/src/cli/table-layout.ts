/** How the cells of a table are laid out in lines: aligned, and no wider than there is room. It knows nothing of what they mean. */
import stringWidth from "string-width";

/** A column: its heading, and the text of each row. */
interface Column {
  readonly heading: string;
  readonly cells: readonly string[];
  /** Numbers stand to the right. */
  readonly isNumeric: boolean;
}

interface Layout {
  readonly head: readonly string[];
  readonly body: readonly string[];
}

export const GAP = "  ";

/**
 * A heading and one line for each row. Where that is wider than `room`, texts go on below themselves from word to word;
 * where words alone are too wide, every member has a line of its own. Nothing is cut: ids are there to be copied.
 */
export function layOut(columns: readonly Column[], room: number | undefined): Layout {
  const rows = columns[0]?.cells ?? [];
  const widths = widthsFor(columns, rows.length === 0 ? undefined : room);
  if (widths === undefined) return { head: [], body: asMembers(columns) };
  const lines = (textOf: (column: Column) => string): string[] => {
    const wrapped = columns.map((column, i) => wrap(textOf(column), widths[i] as number));
    return Array.from({ length: Math.max(...wrapped.map(({ length }) => length)) }, (_, at) =>
      wrapped
        .map((texts, i) => padded(texts[at] ?? "", widths[i] as number, columns[i]?.isNumeric === true))
        .join(GAP)
        .trimEnd(),
    );
  };
  return {
    head: lines(({ heading }) => heading),
    body: rows.flatMap((_, row) => lines(({ cells }) => cells[row] as string)),
  };
}

/** How wide each column may be so that a line fits; undefined where it cannot. The widest ones give way. */
function widthsFor(columns: readonly Column[], room: number | undefined): number[] | undefined {
  const widths = columns.map(({ heading, cells }) => widest([heading, ...cells]));
  if (room === undefined) return widths;
  const words = columns.map(({ heading, cells }) => widest([heading, ...cells].flatMap((text) => text.split(" "))));
  let over = widths.reduce((total, width) => total + width, GAP.length * (columns.length - 1)) - room;
  for (; over > 0; over -= 1) {
    const givesWay = widths.reduce<number | undefined>((found, width, i) => {
      if (width <= (words[i] as number)) return found;
      return found === undefined || width > (widths[found] as number) ? i : found;
    }, undefined);
    if (givesWay === undefined) return undefined;
    widths[givesWay] = (widths[givesWay] as number) - 1;
  }
  return widths;
}

function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, stringWidth(text)), 0);
}

/** In lines of at most so many columns, broken at spaces; every word is narrower than that. */
function wrap(text: string, width: number): string[] {
  if (stringWidth(text) <= width) return [text];
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || stringWidth(longer) <= width) {
      line = longer;
    } else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line];
}

function padded(text: string, width: number, isNumeric: boolean): string {
  const space = " ".repeat(Math.max(0, width - stringWidth(text)));
  return isNumeric ? space + text : text + space;
}

/** The rows one below the other, each a list of its members. */
function asMembers(columns: readonly Column[]): string[] {
  const width = widest(columns.map(({ heading }) => heading));
  const rows = columns[0]?.cells ?? [];
  return rows.flatMap((_, row) => [
    ...(row === 0 ? [] : [""]),
    ...columns.map(({ heading, cells }) => `${padded(heading, width, false)}${GAP}${cells[row]}`),
  ]);
}
