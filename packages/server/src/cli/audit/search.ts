/** `countinghouse audit search`: audit events that were asked for. */
import { Option, type Command } from "commander";
import { countArgument } from "../arguments.ts";
import { OperatorClient, withConnection } from "../operator-client.ts";
import { print, table } from "../output.ts";
import { EVENT_COLUMNS, type AuditEvent } from "./audit-event.ts";
import {
  eventsPage,
  noteExpired,
  queryOf,
  withFilters,
  withTimes,
  type FilterFlags,
  type TimeFlags,
} from "./filters.ts";

interface SearchFlags extends FilterFlags, TimeFlags {
  readonly order: "newest" | "oldest";
  readonly limit: number;
}

/** Held in memory before they are printed; `export` has no such bound. */
const LIMIT_MAX = 100_000;

export function addSearch(group: Command): void {
  const search = withTimes(withFilters(group.command("search").description("List audit events, newest first")))
    .addOption(new Option("--order <order>", "which come first").choices(["newest", "oldest"]).default("newest"))
    .option("--limit <n>", "at most so many", countArgument(LIMIT_MAX), 100);
  withConnection(search).action(async (flags: SearchFlags) => {
    const { order, limit } = flags;
    const query = { ...queryOf(flags), order };
    noteExpired(await eventsPage(flags, query, { order, limit: 1 }), flags);
    const { items, more } = await new OperatorClient(flags).list<AuditEvent>("/audit-events", limit, query);
    print(flags, items, table(EVENT_COLUMNS, items));
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}
