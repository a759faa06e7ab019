/** The command line: what there is, and how a failure ends. */
import { Command, CommanderError } from "commander";
import { OutboxError } from "../store/outbox-error.ts";
import { VERSION } from "../version.ts";
import { addAlarms } from "./alarms.ts";
import { addDelivery } from "./delivery.ts";
import { addEntries } from "./entries.ts";
import { addRecording } from "./recording.ts";
import { AtRisk, EXIT, printable } from "./output.ts";
import { addStatus } from "./status.ts";
import { addStore } from "./store.ts";

const HELP = `
The store is --store, or OUTBOX_STORE: sqlite:PATH, or a PostgreSQL URL. Credentials, region and endpoint are found as every
AWS SDK finds them (AWS_REGION, AWS_PROFILE, AWS_ENDPOINT_URL_MARKETPLACE_METERING …).

Exit codes: 0 all well; 1 something is at risk, does not add up, or was refused; 2 the command line is wrong, or names another
store; 3 the store or the service cannot be reached.`;

/** Runs a command line; answers its exit code. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  const program = new Command("countinghouse-outbox")
    .description("Usage recorded by the seller, delivered to AWS Marketplace")
    .version(VERSION)
    .option("--store <where>", "sqlite:PATH, or postgres://…", process.env["OUTBOX_STORE"])
    .option("--schema <name>", "the schema in PostgreSQL", "usage_outbox")
    .addHelpText("after", HELP)
    .showHelpAfterError("(add --help to see what there is)")
    .exitOverride();
  for (const add of [addStore, addStatus, addAlarms, addEntries, addRecording, addDelivery]) add(program);
  try {
    await program.parseAsync(argv);
    return EXIT.well;
  } catch (error) {
    return endOf(error);
  }
}

function endOf(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.well : EXIT.usage;
  if (error instanceof AtRisk) return EXIT.atRisk;
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`countinghouse-outbox: ${printable(text)}\n`);
  if (error instanceof TypeError) return EXIT.usage;
  if (error instanceof OutboxError) return EXITS[error.code];
  return EXIT.unreachable;
}

const EXITS = {
  "other-store": EXIT.usage,
  schema: EXIT.usage,
  "changed-definition": EXIT.usage,
  refused: EXIT.atRisk,
  store: EXIT.unreachable,
} as const;
