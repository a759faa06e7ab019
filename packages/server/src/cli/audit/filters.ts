/** Which audit events: the flags that the commands share, and the pages that they are asked for in. */
import type { Command } from "commander";
import { timeArgument } from "../arguments.ts";
import { OperatorClient, type ConnectionFlags } from "../operator-client.ts";
import type { AuditEvent } from "./audit-event.ts";

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

export type Query = Readonly<Record<string, string | undefined>>;

export function queryOf({ event, account, accessKey, product, from, until }: FilterFlags & TimeFlags): Query {
  return { eventName: event, accountId: account, accessKeyId: accessKey, productCode: product, from, to: until };
}

export interface EventsPage {
  readonly items: readonly AuditEvent[];
  readonly nextCursor?: string;
  /** Events before this have expired. */
  readonly keptSince?: string;
}

export interface PageRequest {
  readonly order: "newest" | "oldest";
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Says so where events of the time that was asked for are not there any more. */
export function noteExpired({ keptSince }: EventsPage, { from }: TimeFlags): void {
  if (keptSince === undefined || (from !== undefined && from >= keptSince)) return;
  process.stderr.write(`Events before ${keptSince} have expired: the server was started with --retention-days.\n`);
}

/** The server is looked for anew each time: one that was restarted may be at another address, with another token. */
export function eventsPage(flags: ConnectionFlags, query: Query, request: PageRequest): Promise<EventsPage> {
  const given = Object.entries({ ...query, ...request, limit: String(request.limit) });
  const search = new URLSearchParams(given.filter((pair): pair is [string, string] => pair[1] !== undefined));
  return new OperatorClient(flags).call("GET", `/audit-events?${search.toString()}`);
}
