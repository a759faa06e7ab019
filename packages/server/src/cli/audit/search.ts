/** `countinghouse audit search`: the audit events that match the flags. */
import { Option, type Command } from "commander";
import { EVENT_ORDERS } from "../../operator/contract/values.ts";
import { countArgument } from "../arguments.ts";
import { connect, withConnection } from "../connection.ts";
import { printTable } from "../output.ts";
import { EVENT_COLUMNS } from "./audit-event.ts";
import { withCalls, withTimes, type TimeFlags } from "../filter-flags.ts";
import { eventsPage, noteExpired, queryOf, type FilterFlags } from "./filters.ts";

interface SearchFlags extends FilterFlags, TimeFlags {
  readonly order: (typeof EVENT_ORDERS)[number];
  readonly limit: number;
}

/** So many events fit into memory before they are printed; `export` has no such bound. */
const LIMIT_MAX = 100_000;

export function addSearch(group: Command): void {
  const search = withTimes(withCalls(group.command("search").description("List audit events, newest first")))
    .addOption(new Option("--order <order>", "which come first").choices(EVENT_ORDERS).default("newest"))
    .option("--limit <n>", "at most so many", countArgument(LIMIT_MAX), 100);
  withConnection(search).action(async (flags: SearchFlags) => {
    const { order, limit } = flags;
    const query = { ...queryOf(flags), order };
    noteExpired(await eventsPage(flags, query, { order, limit: 1 }), flags);
    const { items, more } = await connect(flags).first("GET /audit-events", limit, { query });
    printTable(flags, items, EVENT_COLUMNS);
    if (more) process.stderr.write(`There may be more than these ${items.length}: raise --limit.\n`);
  });
}
