import { setImmediate as nextTurn } from "node:timers/promises";
import type { EpochMs } from "@countinghouse/protocol";
import { accountCustomer, hourOf, identifiedCustomer } from "../domain/metering/metering-record.ts";
import type { ListedRecord, Ledger, MeteringRecordQuery, Page } from "../ledger/ledger.ts";
import { namesAsMetered, type NamesAsMetered } from "../ledger/names-as-metered.ts";

export interface ListMeteringRecords {
  readonly productCode?: string | undefined;
  readonly customerAccountId?: string | undefined;
  readonly dimension?: string | undefined;
  /** The first hour is the one that this time lies in. */
  readonly fromMs?: EpochMs | undefined;
  /** The last hour is the one that this time lies in; if the time is an hour's start, the hour before. */
  readonly toMs?: EpochMs | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Pages of the ledger that are read for one page: some seconds' work, whoever asks for what is rare in a long ledger. */
const PAGES_MAX = 100;

/**
 * The records of a product or a customer, by whatever names sellers sent them. A page that comes out short has a cursor to go on
 * from, where there may be more.
 */
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
  // A page of the ledger may hold few records. Pages are read, with room for other work between them, until this page is full or enough has been looked at.
  const items: ListedRecord[] = [];
  let cursor = list.cursor;
  let pages = 0;
  do {
    pages += 1;
    const page = await ledger.meteringRecords({ ...query, cursor, limit: list.limit - items.length });
    items.push(...page.items.filter((record) => isAskedFor(record, list, names)));
    cursor = page.nextCursor;
    if (cursor !== undefined && items.length < list.limit) await nextTurn();
  } while (cursor !== undefined && items.length < list.limit && pages < PAGES_MAX);
  return { items, nextCursor: cursor };
}

function customersOf(names: NamesAsMetered, customerAccountId: string | undefined): string[] | undefined {
  if (customerAccountId === undefined) return undefined;
  return [accountCustomer(customerAccountId), ...names.identifiersOf(customerAccountId).map(identifiedCustomer)];
}

/** One identifier may stand for different accounts, in different products or at different times. */
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
