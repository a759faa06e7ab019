/** Translates an attribute of LookupEvents into a query of the ledger. Rule V2. */
import type { LookupAttributeKey } from "@countinghouse/protocol";
import type { LedgerEntry } from "../ledger/entry.ts";
import { attributesOf } from "../ledger/entry-attributes.ts";
import type { EventQuery, Ledger } from "../ledger/ledger.ts";
import { BUY_PAGE_OPERATIONS, auditedOperations, ownSources, type AuditedOperation } from "./audited-operations.ts";
import { PRODUCT_RESOURCE_TYPE } from "./cloudtrail-record.ts";
import { principalsNamed } from "./named-principals.ts";
import { userIdentityOf, usernameOf } from "./user-identity.ts";

/** Which entries match, apart from account and times; undefined where none can. */
interface AttributeQuery {
  readonly query: Pick<EventQuery, "operations" | "accessKeyId" | "principals" | "productCode">;
  /** The part of the condition for which the ledger has no index. */
  readonly isMeant?: (entry: LedgerEntry) => boolean;
}

/** Every key but EventId, which names a single entry, so nothing is searched. */
type SearchedKey = Exclude<LookupAttributeKey, "EventId">;

export async function attributeQuery(
  ledger: Ledger,
  accountId: string,
  key: SearchedKey,
  value: string,
): Promise<AttributeQuery | undefined> {
  if (key !== "Username") return BY_KEY[key](value);
  return {
    query: { principals: await principalsNamed(ledger, accountId, value) },
    isMeant: ({ call }) => usernameOf(userIdentityOf(call)) === value,
  };
}

const BY_KEY: Readonly<Record<Exclude<SearchedKey, "Username">, (value: string) => AttributeQuery | undefined>> = {
  EventName: (value) => ({ query: { operations: [value] } }),
  ReadOnly: (value) => {
    const isReadOnly = value === "true";
    const operations = namesOf(({ readOnly }) => readOnly === isReadOnly);
    return { query: { operations: isReadOnly ? operations : [...operations, ...BUY_PAGE_OPERATIONS] } };
  },
  ResourceType: (value) => (value === PRODUCT_RESOURCE_TYPE ? { query: {}, isMeant: namesProduct } : undefined),
  ResourceName: (value) => ({ query: { productCode: value } }),
  EventSource: (value) => {
    const own = Object.entries(ownSources).find(([, source]) => source === value);
    if (own !== undefined) return { query: { principals: [own[0]] } };
    const operations = namesOf(({ eventSource }) => eventSource === value);
    return operations.length === 0 ? undefined : { query: { operations } };
  },
  AccessKeyId: (value) => ({ query: { accessKeyId: value } }),
};

function namesOf(isMeant: (operation: AuditedOperation) => boolean): string[] {
  return auditedOperations.filter(isMeant).map(({ name }) => name);
}

function namesProduct(entry: LedgerEntry): boolean {
  return attributesOf(entry).productCode !== undefined;
}
