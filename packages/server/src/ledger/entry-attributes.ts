/** What entries are searched by: who called, with which key, which operation, and about which product. */
import type { LedgerEntry } from "./entry.ts";

export interface EntryAttributes {
  readonly operation: string;
  readonly principal: string;
  readonly accountId: string | undefined;
  readonly accessKeyId: string | undefined;
  readonly productCode: string | undefined;
}

export function attributesOf({ call, event }: LedgerEntry): EntryAttributes {
  const { operation, principal, accountId, accessKeyId } = call;
  return { operation, principal, accountId, accessKeyId, productCode: productOf(event) };
}

export function productOf(event: LedgerEntry["event"]): string | undefined {
  if ("productCode" in event) return event.productCode;
  if (event.kind === "customer-resolved") return event.customer.productCode;
  const asked = event.kind === "call-refused" ? event.request?.["productCode"] : undefined;
  return typeof asked === "string" ? asked : undefined;
}
