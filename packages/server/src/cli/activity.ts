/** `countinghouse activity`: every call and change as it is kept, until interrupted. */
import { Option, type Command } from "commander";
import type { ActivityGap, ActivityItem } from "../operator/contract/ledger/activity.ts";
import { OUTCOMES } from "../operator/contract/values.ts";
import { connect, withConnection, type ConnectionFlags } from "./connection.ts";
import { endOfInterest } from "./end-of-interest.ts";
import { callsOf, withCalls, type CallFlags } from "./filter-flags.ts";
import { jsonText, printable } from "./output.ts";

interface TailFlags extends ConnectionFlags, CallFlags {
  readonly outcome?: (typeof OUTCOMES)[number];
  readonly after?: string;
}

export function addActivity(program: Command): void {
  const group = program.command("activity").description("Every call and change, as it is kept");
  const tail = withCalls(
    group
      .command("tail")
      .description(
        "Print each call and change as it is kept, until interrupted; a server that is restarted is waited for",
      ),
  )
    .addOption(new Option("--outcome <outcome>", "that came to this only").choices(OUTCOMES))
    .option("--after <id>", "go on behind the event of this id, which --json prints, instead of beginning now");
  withConnection(tail).action(follow);
}

/** The command waits for a server that is restarted, however long that takes. */
const RETRIES_MAX = Number.POSITIVE_INFINITY;

async function follow(flags: TailFlags): Promise<void> {
  const { operation, outcome, after, json } = flags;
  const query = { ...callsOf(flags), operation, outcome };
  const events = connect(flags).events("GET /activity", {
    query,
    lastEventId: after,
    retriesMax: RETRIES_MAX,
    signal: endOfInterest(),
  });
  for await (const told of events) {
    if (json === true) process.stdout.write(`${jsonText({ id: told.id, kind: told.kind, ...told.data })}\n`);
    else if (told.kind === "gap") process.stderr.write(`${printable(gapLine(told.data))}\n`);
    else process.stdout.write(`${itemLine(told.data)}\n`);
  }
}

/** The widths of the columns. Nearly every item fits, so lines that are printed one by one are aligned. */
const WIDTHS = [24, 7, 22, 16, 25];

function itemLine({ at, outcome, eventName, userIdentity, productCode, reason, records }: ActivityItem): string {
  const { userName, arn, principalId } = userIdentity;
  const counts = Object.entries(records ?? {}).map(([what, count]) => `${count} ${what}`);
  const cells = [at, outcome, eventName, userName ?? arn?.split("/").at(-1) ?? principalId, productCode ?? "-"];
  const told = reason ?? counts.join(", ");
  return [...cells.map((cell, i) => printable(cell).padEnd(WIDTHS[i] ?? 0)), printable(told)].join("  ").trimEnd();
}

function gapLine({ reason, from, to }: ActivityGap): string {
  return `${reason} After ${from ?? "the beginning"}, up to ${to ?? "now"}: countinghouse audit search has them.`;
}
