/** The command line: one group of commands per file, and how a failure ends. */
import { Command, CommanderError } from "commander";
import { CatalogueFileError } from "../catalogue/catalogue-file.ts";
import { ClockBehindError } from "../clock.ts";
import { ConfigError } from "../config.ts";
import { FolderInUseError } from "../stores/sqlite/data-folder.ts";
import { NewerSchemaError } from "../stores/sqlite/migrations.ts";
import { VERSION } from "../version.ts";
import { CommandError, EXIT } from "./operator-client.ts";
import { addServe } from "./serve.ts";

const EXIT_CODES = `
Exit codes: 0 done; 1 refused, or failed; 2 the command line is wrong; 3 no server could be reached.`;

/** Runs a command line; answers its exit code. A server that was started goes on after this returns. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const program = new Command("countinghouse")
    .description("A self-hostable, durable AWS Marketplace Metering Service")
    .version(VERSION)
    .addHelpText("after", EXIT_CODES)
    .exitOverride();
  addServe(program);
  try {
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    process.stderr.write(`countinghouse: ${textOf(error)}\n`);
    return exitCodeOf(error);
  }
}

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof ConfigError ? EXIT.usage : EXIT.refused;
}

/** Failures that have been foreseen say all there is to say; others come with the place they came from. */
function textOf(error: unknown): string {
  const foreseen = [
    CommandError,
    ConfigError,
    CatalogueFileError,
    ClockBehindError,
    FolderInUseError,
    NewerSchemaError,
  ];
  if (foreseen.some((kind) => error instanceof kind)) return (error as Error).message;
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `${error.message}: another program listens there; choose another --port.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
