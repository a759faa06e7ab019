/** What routes that list calls have in common: by whom, about what, when, and which page of them. */
import { timeOf } from "@countinghouse/protocol";
import type { EventQuery } from "../ledger/ledger.ts";

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
