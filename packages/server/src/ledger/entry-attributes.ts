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
  if (event.kind === "call-refused") {
    const asked = event.request?.["productCode"];
    return event.productCode ?? (typeof asked === "string" ? asked : undefined);
  }
  if ("productCode" in event) return event.productCode;
  return event.kind === "customer-resolved" ? event.customer.productCode : undefined;
}
