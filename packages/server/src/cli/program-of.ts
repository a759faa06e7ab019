/** What the command line is beside its commands: its name, its help, and how both look on a terminal. */
import type { Command } from "commander";
import { VERSION } from "../version.ts";
import { addExamples } from "./examples.ts";
import { SuggestingCommand } from "./suggesting-command.ts";
import { alarm, bold, showsColors, widthOf } from "./terminal.ts";

const EXIT_CODES = `
Exit codes: 0 done; 1 refused, or failed; 2 the command line, or a file that it names, is wrong;
3 no server could be reached; 130 or 143 interrupted (SIGINT, SIGTERM).

Commands that take longer than two seconds show on a terminal how far they have come. With --json they print that as lines
of JSON on standard error: {"doing", "done", "of"?, "unit", "share"?, "perSecond"?, "secondsLeft"?}.`;

/** The width of help that goes to a file or to another program. */
const HELP_WIDTH = 80;

/** A command line with some groups of commands. */
export function programOf(groups: readonly ((program: Command) => void)[]): Command {
  const program = new SuggestingCommand("countinghouse")
    .description("A self-hostable, durable AWS Marketplace Metering Service")
    .version(VERSION)
    .addHelpText("after", EXIT_CODES)
    .showHelpAfterError("(add --help to see what there is)")
    // On by default in commander, but this program relies on it.
    .showSuggestionAfterError(true)
    // Commander removes the colours where they are not wanted.
    .configureHelp({ styleTitle: (title) => bold(title) })
    .configureOutput({
      getOutHasColors: () => showsColors(process.stdout),
      getErrHasColors: () => showsColors(process.stderr),
      getOutHelpWidth: () => widthOf(process.stdout) ?? HELP_WIDTH,
      getErrHelpWidth: () => widthOf(process.stderr) ?? HELP_WIDTH,
      outputError: (text, write) => write(text.replace(/^error:/, alarm("error:", process.stderr))),
    })
    .exitOverride();
  for (const addGroup of groups) addGroup(program);
  addExamples(program);
  return program;
}
