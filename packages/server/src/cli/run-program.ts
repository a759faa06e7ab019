/** Runs the command line, and says how failures end. */
import { CommanderError, type Command } from "commander";
import { CommandError, EXIT } from "./connection.ts";
import { printableLines } from "./output.ts";
import { programOf } from "./program-of.ts";
import { addServe } from "./serve.ts";
import { alarm } from "./terminal.ts";

/** Runs a command line; answers its exit code. A started server goes on after this returns. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  try {
    const program = await programFor(argv);
    await program.parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    const name = alarm("countinghouse:", process.stderr);
    process.stderr.write(`${name} ${printableLines(textOf(error))}\n`);
    return exitCodeOf(error);
  }
}

/** A server starts sooner without the other commands. Their names matter where the first word is no command, or is missing. */
async function programFor(argv: readonly string[]): Promise<Command> {
  if (argv[2] === "serve") return programOf([addServe]);
  const { commandLine } = await import("./program.ts");
  return commandLine();
}

/** The reader of the output may close it early (`| head`). */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/**
 * Expected failures and their exit codes: their messages say everything, while other errors are printed with a stack trace.
 * They are recognised by name, because their classes are loaded only by the commands that need them.
 */
const FORESEEN: Readonly<Record<string, number>> = {
  CatalogueFileError: EXIT.usage,
  ClockBehindError: EXIT.refused,
  ClusterError: EXIT.usage,
  ConfigError: EXIT.usage,
  CopyError: EXIT.refused,
  DatabaseError: EXIT.refused,
  DistributionError: EXIT.refused,
  DriverMissingError: EXIT.refused,
  FaultError: EXIT.refused,
  FolderInUseError: EXIT.refused,
  FolderTroubleError: EXIT.refused,
  LostTailError: EXIT.refused,
  MaintenanceError: EXIT.refused,
  NewerSchemaError: EXIT.refused,
  OperatorConnectionError: EXIT.unreachable,
  OperatorProblemError: EXIT.refused,
  ServersConnectedError: EXIT.refused,
  UnfinishedCopyError: EXIT.refused,
};

function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  return error instanceof Error ? (FORESEEN[error.name] ?? EXIT.refused) : EXIT.refused;
}

function textOf(error: unknown): string {
  if (error instanceof CommandError) return error.message;
  if (error instanceof Error && error.name in FORESEEN) return error.message;
  if (error instanceof Error && "code" in error && error.code === "EADDRINUSE") {
    return `${error.message}: another program listens there; choose another --port.`;
  }
  if (error instanceof Error && "code" in error && (error.code === "ENOSPC" || error.code === "EDQUOT")) {
    return `${error.message}: make space there, and try again.`;
  }
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
