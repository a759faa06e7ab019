/** The command line: one group of commands for each file, and how failures end. */
import { CommanderError, type Command } from "commander";
import { VERSION } from "../version.ts";
import { addAccessKey } from "./access-key.ts";
import { addAccount } from "./account.ts";
import { addAdvise } from "./advise.ts";
import { addActivity } from "./activity.ts";
import { addAgreement } from "./agreement.ts";
import { addAudit } from "./audit/group.ts";
import { addClock } from "./clock.ts";
import { addCompletion } from "./completion.ts";
import { addExamples } from "./examples.ts";
import { addExplain } from "./explain.ts";
import { addFault } from "./fault.ts";
import { CommandError, EXIT } from "./connection.ts";
import { printableLines } from "./output.ts";
import { addIssuer } from "./issuer.ts";
import { addProduct } from "./product.ts";
import { addRecords } from "./records.ts";
import { addRegistrationKey } from "./registration-key.ts";
import { addRehearse } from "./rehearse.ts";
import { addReport } from "./report.ts";
import { addRequest } from "./request.ts";
import { addReset } from "./reset.ts";
import { addResource } from "./resource.ts";
import { addSearch, addServer } from "./server.ts";
import { addServe } from "./serve.ts";
import { addSnapshot } from "./snapshot.ts";
import { addStore } from "./store.ts";
import { SuggestingCommand } from "./suggesting-command.ts";
import { addToken } from "./token.ts";
import { addUsage } from "./usage.ts";
import { alarm, bold, showsColors, widthOf } from "./terminal.ts";

/** In the order in which the help lists them. */
const GROUPS = [
  addServe,
  addProduct,
  addAgreement,
  addAccount,
  addAccessKey,
  addIssuer,
  addToken,
  addRegistrationKey,
  addRecords,
  addUsage,
  addResource,
  addReport,
  addClock,
  addFault,
  addExplain,
  addAdvise,
  addRehearse,
  addActivity,
  addRequest,
  addSearch,
  addAudit,
  addReset,
  addSnapshot,
  addServer,
  addStore,
  addCompletion,
] as const;

const EXIT_CODES = `
Exit codes: 0 done; 1 refused, or failed; 2 the command line, or a file that it names, is wrong;
3 no server could be reached; 130 or 143 interrupted (SIGINT, SIGTERM).

Commands that take longer than two seconds show on a terminal how far they have come. With --json they print that as lines
of JSON on standard error: {"doing", "done", "of"?, "unit", "share"?, "perSecond"?, "secondsLeft"?}.`;

/** The width of help that goes to a file or to another program. */
const HELP_WIDTH = 80;

export function commandLine(): Command {
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
  for (const addGroup of GROUPS) addGroup(program);
  addExamples(program);
  return program;
}

/** Runs a command line; answers its exit code. A started server goes on after this returns. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  try {
    await commandLine().parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    const name = alarm("countinghouse:", process.stderr);
    process.stderr.write(`${name} ${printableLines(textOf(error))}\n`);
    return exitCodeOf(error);
  }
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
