/** By what entries are searched for: who called, with which key, what, and about which product. */
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

function productOf(event: LedgerEntry["event"]): string | undefined {
  switch (event.kind) {
    case "usage-metered":
    case "entitlements-shown":
      return event.productCode;
    case "customer-resolved":
      return event.customer.productCode;
    case "call-refused": {
      const asked = event.request?.["productCode"];
      return typeof asked === "string" ? asked : undefined;
    }
    case "events-shown":
    case "catalogue-changed":
    case "registration-token-issued":
    case "clock-moved":
    case "fault-added":
    case "faults-removed":
    case "ledger-reset":
      return undefined;
  }
}
