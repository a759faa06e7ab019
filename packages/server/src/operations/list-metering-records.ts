import type { EpochMs } from "@countinghouse/protocol";
import { accountCustomer, hourOf, identifiedCustomer } from "../domain/metering-record.ts";
import type { KeptRecord, Ledger, MeteringRecordQuery, Page } from "../ledger/ledger.ts";

export interface ListMeteringRecords {
  readonly productCode?: string | undefined;
  readonly customerAccountId?: string | undefined;
  readonly dimension?: string | undefined;
  /** The hour this time lies in is the first one. */
  readonly fromMs?: EpochMs | undefined;
  /** Records of the hour this time lies in are the last ones; a time on the hour leaves that hour out. */
  readonly toMs?: EpochMs | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** What the ledger holds, whichever way sellers named product and customer. */
export async function listMeteringRecords(ledger: Ledger, list: ListMeteringRecords): Promise<Page<KeptRecord>> {
  const query: MeteringRecordQuery = {
    fromHour: list.fromMs === undefined ? 0 : hourOf(list.fromMs),
    toHour: list.toMs === undefined ? Number.MAX_SAFE_INTEGER : hourOf(list.toMs - 1),
    offerings: offeringsOf(ledger, list.productCode),
    customers: customersOf(ledger, list.customerAccountId),
    dimension: list.dimension,
    limit: list.limit,
  };
  // A step may find little in many rows; steps follow each other, with room for other work between, until a page is full.
  const items: KeptRecord[] = [];
  let cursor = list.cursor;
  do {
    const page = await ledger.meteringRecords({ ...query, cursor, limit: list.limit - items.length });
    items.push(...page.items);
    cursor = page.nextCursor;
    if (cursor !== undefined && items.length < list.limit) await new Promise((resume) => setImmediate(resume));
  } while (cursor !== undefined && items.length < list.limit);
  return { items, nextCursor: cursor };
}

/** A product's records are kept under its code, or under a licence of one of its agreements. */
function offeringsOf(ledger: Ledger, productCode: string | undefined): string[] | undefined {
  if (productCode === undefined) return undefined;
  const agreements = ledger.catalogue.list("agreement").filter((agreement) => agreement.productCode === productCode);
  return [productCode, ...agreements.flatMap(({ licenseArn }) => (licenseArn === undefined ? [] : [licenseArn]))];
}

function customersOf(ledger: Ledger, customerAccountId: string | undefined): string[] | undefined {
  if (customerAccountId === undefined) return undefined;
  const identifiers = ledger.catalogue
    .list("agreement")
    .filter((agreement) => agreement.customerAccountId === customerAccountId)
    .flatMap(({ customerIdentifier }) => (customerIdentifier === undefined ? [] : [customerIdentifier]));
  return [accountCustomer(customerAccountId), ...new Set(identifiers.map(identifiedCustomer))];
}
