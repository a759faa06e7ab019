/** What a market does of itself, as its ledger keeps it. */
import type { Service } from "../compose.ts";
import type { Call } from "../ledger/entry.ts";

export function callOf({ operator: { newRequestId } }: Service, operation: string): Call {
  const userAgent = "countinghouse/testkit";
  return { requestId: newRequestId(), operation, principal: "operator", sourceAddress: "", userAgent };
}
