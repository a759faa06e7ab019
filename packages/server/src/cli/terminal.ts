/** What is known of the terminal that output goes to: whether it shows colours, and how wide it is. */
import type { WriteStream } from "node:tty";
import { styleText } from "node:util";

type Output = NodeJS.WriteStream | WriteStream;

/** Whether colours are wanted there: `NO_COLOR` says no, `FORCE_COLOR` says yes, else a terminal decides by what it can show. */
export function showsColors(stream: Output): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return stream.isTTY && stream.hasColors();
}

/**
 * How many characters fit into a line of a terminal: what `COLUMNS` says, else what the terminal says. Undefined where the
 * output is no terminal: a file, or another program, gets every line whole.
 */
export function widthOf(stream: Output): number | undefined {
  if (!stream.isTTY) return undefined;
  const said = Number(process.env["COLUMNS"]);
  return Number.isInteger(said) && said > 0 ? said : stream.columns;
}

/** Colour is never the only sign of something: it makes what the words say easier to find. */
export function heading(text: string, stream: Output): string {
  return showsColors(stream) ? bold(text) : text;
}

export function alarm(text: string, stream: Output): string {
  return showsColors(stream) ? styleText(["bold", "red"], text, { validateStream: false }) : text;
}

export function bold(text: string): string {
  return styleText("bold", text, { validateStream: false });
}
