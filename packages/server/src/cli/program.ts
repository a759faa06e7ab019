/** The command line: one group of commands per file, and how a failure ends. */
import { Command, CommanderError } from "commander";
import { VERSION } from "../version.ts";
import { addAccessKey } from "./access-key.ts";
import { addAccount } from "./account.ts";
import { addActivity } from "./activity.ts";
import { addAgreement } from "./agreement.ts";
import { addAudit } from "./audit/group.ts";
import { addClock } from "./clock.ts";
import { addExplain } from "./explain.ts";
import { addFault } from "./fault.ts";
import { CommandError, EXIT } from "./connection.ts";
import { printableLines } from "./output.ts";
import { addIssuer } from "./issuer.ts";
import { addProduct } from "./product.ts";
import { addRecords } from "./records.ts";
import { addRegistrationKey } from "./registration-key.ts";
import { addReport } from "./report.ts";
import { addRequest } from "./request.ts";
import { addReset } from "./reset.ts";
import { addResource } from "./resource.ts";
import { addSearch, addServer } from "./server.ts";
import { addServe } from "./serve.ts";
import { addStore } from "./store.ts";
import { addToken } from "./token.ts";
import { addUsage } from "./usage.ts";

/** In the order of the help. */
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
  addActivity,
  addRequest,
  addSearch,
  addAudit,
  addReset,
  addServer,
  addStore,
] as const;

const EXIT_CODES = `
Exit codes: 0 done; 1 refused, or failed; 2 the command line, or a file that it names, is wrong;
3 no server could be reached.`;

/** All commands there are. */
export function commandLine(): Command {
  const program = new Command("countinghouse")
    .description("A self-hostable, durable AWS Marketplace Metering Service")
    .version(VERSION)
    .addHelpText("after", EXIT_CODES)
    .showHelpAfterError("(add --help to see what there is)")
    .exitOverride();
  for (const addGroup of GROUPS) addGroup(program);
  return program;
}

/** Runs a command line; answers its exit code. A server that was started goes on after this returns. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  process.stdout.on("error", ignoreClosedPipe);
  try {
    await commandLine().parseAsync(argv);
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : EXIT.usage;
    process.stderr.write(`countinghouse: ${printableLines(textOf(error))}\n`);
    return exitCodeOf(error);
  }
}

/** Whoever reads the output may have seen enough of it (`| head`). */
function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

/**
 * Failures that have been foreseen, and what they end with: they say all there is to say, others come with the place
 * they came from. Known by name: what throws them is loaded only by the commands that need it.
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
