/** The flags that the audit commands share, which say which events are wanted; and the requests for their pages. */
import type { Command } from "commander";
import { timeArgument } from "../arguments.ts";
import type { RequestTo } from "../../operator/client/requests.ts";
import type { AnswerTo } from "../../operator/contract/routes.ts";
import { connect, type ConnectionFlags } from "../connection.ts";

export interface FilterFlags extends ConnectionFlags {
  readonly event?: string;
  readonly account?: string;
  readonly accessKey?: string;
  readonly product?: string;
}

export interface TimeFlags {
  readonly from?: string;
  readonly until?: string;
}

export function withFilters(command: Command): Command {
  return command
    .option("--event <name>", "of this operation only, such as BatchMeterUsage")
    .option("--account <id>", "of callers of this account only")
    .option("--access-key <id>", "signed with this access key only")
    .option("--product <code>", "about this product only");
}

export function withTimes(command: Command): Command {
  return command
    .option("--from <time>", "from this time on", timeArgument)
    .option("--until <time>", "only before this time", timeArgument);
}

export type Query = NonNullable<RequestTo<"GET /audit-events">["query"]>;

export function queryOf({ event, account, accessKey, product, from, until }: FilterFlags & TimeFlags): Query {
  return { eventName: event, accountId: account, accessKeyId: accessKey, productCode: product, from, to: until };
}

type EventsPage = AnswerTo<"GET /audit-events">;

type PageRequest = Pick<Query, "order" | "limit" | "cursor">;

/** Prints a note where events of the asked time have expired. */
export function noteExpired({ keptSince }: EventsPage, { from }: TimeFlags): void {
  if (keptSince === undefined || (from !== undefined && from >= keptSince)) return;
  process.stderr.write(`Events before ${keptSince} have expired: the server was started with --retention-days.\n`);
}

/** The server is looked up each time: after a restart it may have another address and another token. */
export function eventsPage(
  flags: ConnectionFlags,
  query: Query,
  request: PageRequest,
  signal?: AbortSignal,
): Promise<EventsPage> {
  return connect(flags).call("GET /audit-events", { query: { ...query, ...request }, signal });
}
