/** What routes that list calls have in common: by whom, about what, when, and which page of them. */
import { timeOf } from "@countinghouse/protocol";
import type { EventQuery } from "../ledger/ledger.ts";
import { unfit } from "./problem.ts";

interface ListedCalls {
  readonly accountId?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly productCode?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly order: EventQuery["order"];
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** An empty answer would look as if nothing had happened. Throws ProblemError 422. */
export function refuseEmptyRange({ from, to }: Pick<ListedCalls, "from" | "to">): void {
  if (from !== undefined && to !== undefined && timeOf(from) >= timeOf(to)) throw unfit(["to: must lie after from"]);
}

/** Such a query as the ledger takes it. Routes call the operation and the caller differently, so they add these themselves. */
export function eventQueryOf(query: ListedCalls): EventQuery {
  const { accountId, accessKeyId, productCode, from, to, order, cursor, limit } = query;
  return {
    accountId,
    accessKeyId,
    productCode,
    fromMs: from === undefined ? undefined : timeOf(from),
    toMs: to === undefined ? undefined : timeOf(to),
    order,
    cursor,
    limit,
  };
}
