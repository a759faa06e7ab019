/** Whether the terminal that output goes to shows colours, and how wide it is. */
import type { WriteStream } from "node:tty";
import { styleText } from "node:util";

type Output = NodeJS.WriteStream | WriteStream;

/** Whether to use colours: `NO_COLOR` says no, `FORCE_COLOR` says yes; otherwise it depends on what the terminal can show. */
export function showsColors(stream: Output): boolean {
  const { NO_COLOR, FORCE_COLOR } = process.env;
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return stream.isTTY && stream.hasColors();
}

/**
 * How many characters fit into a line of the terminal: `COLUMNS`, or else what the terminal says. Undefined where the output is
 * not a terminal: files and other programs get every line whole.
 */
export function widthOf(stream: Output): number | undefined {
  if (!stream.isTTY) return undefined;
  const said = Number(process.env["COLUMNS"]);
  return Number.isInteger(said) && said > 0 ? said : stream.columns;
}

/** Colour never carries meaning alone: it makes words easier to find. */
export function heading(text: string, stream: Output): string {
  return showsColors(stream) ? bold(text) : text;
}

export function alarm(text: string, stream: Output): string {
  return showsColors(stream) ? styleText(["bold", "red"], text, { validateStream: false }) : text;
}

export function bold(text: string): string {
  return styleText("bold", text, { validateStream: false });
}
