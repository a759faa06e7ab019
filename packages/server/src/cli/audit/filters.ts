/** Which events the audit commands ask for, and the requests for their pages. */
import type { RequestTo } from "../../operator/client/requests.ts";
import type { AnswerTo } from "../../operator/contract/routes.ts";
import { connect, type ConnectionFlags } from "../connection.ts";
import { callsOf, type CallFlags, type TimeFlags } from "../filter-flags.ts";

export type FilterFlags = ConnectionFlags & CallFlags;

export type Query = NonNullable<RequestTo<"GET /audit-events">["query"]>;

export function queryOf({ operation, from, until, ...calls }: FilterFlags & TimeFlags): Query {
  return { ...callsOf(calls), eventName: operation, from, to: until };
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
