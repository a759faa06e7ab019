/** `countinghouse audit tail`: the newest audit events, and then new ones as they come, until interrupted. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Command } from "commander";
import { countArgument } from "../arguments.ts";
import { withConnection } from "../connection.ts";
import { endOfInterest } from "../end-of-interest.ts";
import { withCalls } from "../filter-flags.ts";
import { jsonText } from "../output.ts";
import type { AuditEvent } from "../../operator/contract/ledger/audit.ts";
import { eventLine, headingLine } from "./audit-event.ts";
import { eventsPage, queryOf, type FilterFlags, type Query } from "./filters.ts";
import { patiently } from "./patience.ts";

interface TailFlags extends FilterFlags {
  readonly lines: number;
}

const POLL_MS = 500;
const PAGE_EVENTS = 100;
/** The most events that are printed at a time; `export` gives all of them. */
const CAUGHT_UP_MAX = 10_000;

export function addTail(group: Command): void {
  const tail = withCalls(
    group.command("tail").description("Print the newest audit events, then each that comes in, until interrupted"),
  ).option("--lines <n>", "how many to begin with", countArgument(1_000), 10);
  withConnection(tail).action(follow);
}

async function follow(flags: TailFlags): Promise<void> {
  const query = queryOf(flags);
  const ended = endOfInterest();
  const first = await eventsPage(flags, query, { order: "newest", limit: flags.lines });
  const printAll = printer(flags);
  let last = first.items[0];
  printAll(first.items.toReversed());
  while (!ended.aborted) {
    try {
      await sleep(POLL_MS, undefined, { signal: ended });
      const look = (): Promise<NewEvents> => eventsSince(last, flags, query);
      const { events, leftOut } = await patiently(look, { retriesMax: Number.POSITIVE_INFINITY, signal: ended });
      if (leftOut) process.stderr.write(`More than ${CAUGHT_UP_MAX} events came in; some are left out here.\n`);
      printAll(events);
      last = events.at(-1) ?? last;
    } catch (error) {
      if (!ended.aborted) throw error;
    }
  }
}

interface NewEvents {
  /** The oldest event comes first. */
  readonly events: readonly AuditEvent[];
  readonly leftOut: boolean;
}

/**
 * The events since the last one that was printed. They are read from the newest one back to that one, or to an older one, and
 * not by time, because a service clock may stand still.
 */
async function eventsSince(last: AuditEvent | undefined, flags: TailFlags, query: Query): Promise<NewEvents> {
  const found: AuditEvent[] = [];
  let cursor: string | undefined;
  do {
    const page = await eventsPage(flags, query, { order: "newest", limit: PAGE_EVENTS, cursor });
    for (const event of page.items) {
      const isSeen = last !== undefined && (event.eventID === last.eventID || event.eventTime < last.eventTime);
      if (isSeen) return { events: found.toReversed(), leftOut: false };
      found.push(event);
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined && found.length < CAUGHT_UP_MAX);
  return { events: found.toReversed(), leftOut: cursor !== undefined };
}

/** For people, one line for each event under one heading; for programs, one JSON object a line. */
function printer({ json }: TailFlags): (events: readonly AuditEvent[]) => void {
  if (json === true) return (events) => write(events.map((event) => jsonText(event)));
  write([headingLine()]);
  return (events) => write(events.map(eventLine));
}

function write(lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join("\n")}\n`);
}
