import { setImmediate as nextTurn } from "node:timers/promises";
import type { EpochMs } from "@countinghouse/protocol";
import { accountCustomer, hourOf, identifiedCustomer } from "../domain/metering/metering-record.ts";
import type { ListedRecord, Ledger, MeteringRecordQuery, Page } from "../ledger/ledger.ts";
import { namesAsMetered, type NamesAsMetered } from "../ledger/names-as-metered.ts";

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
export async function listMeteringRecords(ledger: Ledger, list: ListMeteringRecords): Promise<Page<ListedRecord>> {
  const { productCode, customerAccountId } = list;
  const names = productCode === undefined && customerAccountId === undefined ? undefined : await namesAsMetered(ledger);
  const query: MeteringRecordQuery = {
    fromHour: list.fromMs === undefined ? 0 : hourOf(list.fromMs),
    toHour: list.toMs === undefined ? Number.MAX_SAFE_INTEGER : hourOf(list.toMs - 1),
    offerings: productCode === undefined ? undefined : [productCode, ...(names?.licencesOf(productCode) ?? [])],
    customers: names && customersOf(names, customerAccountId),
    dimension: list.dimension,
    limit: list.limit,
  };
  // A step may find little in many rows; steps follow each other, with room for other work between, until a page is full.
  const items: ListedRecord[] = [];
  let cursor = list.cursor;
  do {
    const page = await ledger.meteringRecords({ ...query, cursor, limit: list.limit - items.length });
    items.push(...page.items.filter((record) => isAskedFor(record, list, names)));
    cursor = page.nextCursor;
    if (cursor !== undefined && items.length < list.limit) await nextTurn();
  } while (cursor !== undefined && items.length < list.limit);
  return { items, nextCursor: cursor };
}

function customersOf(names: NamesAsMetered, customerAccountId: string | undefined): string[] | undefined {
  if (customerAccountId === undefined) return undefined;
  return [accountCustomer(customerAccountId), ...names.identifiersOf(customerAccountId).map(identifiedCustomer)];
}

/** One identifier may stand for different accounts in different products, and may have at different times. */
function isAskedFor(
  { productCode, usageRecord, recordedAtMs }: ListedRecord,
  asked: ListMeteringRecords,
  names: NamesAsMetered | undefined,
): boolean {
  if (names === undefined) return true;
  if (asked.productCode !== undefined && productCode !== asked.productCode) return false;
  const { customerIdentifier } = usageRecord;
  if (asked.customerAccountId === undefined || customerIdentifier === undefined) return true;
  return names.accountOf(productCode, customerIdentifier, recordedAtMs) === asked.customerAccountId;
}
