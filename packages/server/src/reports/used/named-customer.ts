/** Whose usage it is: an account where that is known, and the identifier that it had. */
import type { NamesAsMetered } from "../../ledger/names-as-metered.ts";
import type { Used } from "./used.ts";

export interface NamedCustomer {
  readonly accountId?: string | undefined;
  readonly identifier?: string | undefined;
}

/** What customers begin with that are named by an identifier, and by an account (`customerOf`). */
const IDENTIFIER = "identifier:";
const ACCOUNT = "account:";

export function namedCustomer(
  names: NamesAsMetered,
  used: Pick<Used, "product" | "customer" | "lastMs" | "recordedAtMs">,
): NamedCustomer {
  const { product, customer, lastMs, recordedAtMs = lastMs } = used;
  if (customer.startsWith(IDENTIFIER)) {
    const identifier = customer.slice(IDENTIFIER.length);
    return { accountId: names.accountOf(product, identifier, recordedAtMs), identifier };
  }
  const accountId = customer.slice(ACCOUNT.length);
  return { accountId, identifier: names.identifierOf(product, accountId, lastMs) };
}
