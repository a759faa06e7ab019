import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import { beforeEach, afterEach, expect, test } from "vitest";
import { START_MS, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { newCall, usage } from "../../testing/contract/works.ts";
import { ledgerInMemory } from "../../testing/every-store.ts";
import {
  ANNAS_ACCOUNT,
  BERTS_ACCOUNT,
  LOGS,
  PRODUCTS,
  REGION,
  TRACES,
  agreement,
  licence,
  putAgreement,
} from "../../testing/market.ts";
import { putAll } from "../../testing/resource-calls.ts";
import { keyOf } from "../domain/metering/metering-record.ts";
import { listMeteringRecords, type ListMeteringRecords } from "./list-metering-records.ts";

let store: LedgerUnderTest;

/** Sends usage whose dimension says what the record is. */
async function put(dimension: string, productCode: string | undefined, over: Partial<UsageRecord>): Promise<void> {
  const { customerAccountId: _, ...bare } = usage({ dimension });
  const usageRecord = { ...bare, ...over };
  const key = keyOf(usageRecord, productCode, REGION);
  await store.ledger.transact({
    call: newCall(),
    keys: [key],
    decide: () => ({
      event: { kind: "usage-metered", productCode: productCode ?? LOGS, records: [{ usageRecord, status: "Success" }] },
      records: [{ position: 0, key, quantity: 1 }],
      answer: undefined,
    }),
  });
}

beforeEach(async () => {
  store = await ledgerInMemory();
  const agreements = [
    agreement("anna"),
    agreement("traces", { productCode: TRACES, customerAccountId: BERTS_ACCOUNT, licenseArn: undefined }),
  ];
  await putAll(store.ledger, [...PRODUCTS, ...agreements.map(putAgreement)]);
  await put("by account", LOGS, { customerAccountId: ANNAS_ACCOUNT });
  await put("by identifier", LOGS, { customerIdentifier: "anna" });
  await put("by licence", undefined, { customerAccountId: ANNAS_ACCOUNT, licenseArn: licence("anna") });
  await put("Bert's", LOGS, { customerAccountId: BERTS_ACCOUNT });
  await put("Bert's, by the same identifier", TRACES, { customerIdentifier: "anna" });
  await put("an hour later", LOGS, { customerAccountId: ANNAS_ACCOUNT, timestampMs: START_MS + HOUR_MS });
});

afterEach(() => store.remove());

async function list(over: Partial<ListMeteringRecords> = {}): Promise<string[]> {
  const { items } = await listMeteringRecords(store.ledger, { limit: 100, ...over });
  return items.map(({ usageRecord }) => usageRecord.dimension).toSorted();
}

const ANNAS = ["an hour later", "by account", "by identifier", "by licence"];

test("all records are listed, or those of a product, an account, a dimension, whichever way they were named", async () => {
  expect(await list()).toHaveLength(6);
  expect(await list({ productCode: LOGS })).toEqual(["Bert's", ...ANNAS].toSorted());
  expect(await list({ productCode: TRACES })).toEqual(["Bert's, by the same identifier"]);
  expect(await list({ customerAccountId: ANNAS_ACCOUNT })).toEqual(ANNAS);
  expect(await list({ customerAccountId: BERTS_ACCOUNT })).toEqual(["Bert's", "Bert's, by the same identifier"]);
  expect(await list({ customerAccountId: BERTS_ACCOUNT, productCode: LOGS })).toEqual(["Bert's"]);
  expect(await list({ dimension: "by licence" })).toEqual(["by licence"]);
  expect(await list({ productCode: "none" })).toEqual([]);
});

const count = async (fromMs: number | undefined, toMs: number | undefined): Promise<number> =>
  (await list({ fromMs, toMs })).length;

test("from the hour of a time on, to the hour of another; a time on the hour leaves that hour out", async () => {
  const hourMs = START_MS - HOUR_MS / 2;
  expect(await count(hourMs + HOUR_MS - 1, undefined)).toBe(6);
  expect(await count(hourMs + HOUR_MS, undefined)).toBe(1);
  expect(await count(undefined, hourMs + HOUR_MS + 1)).toBe(6);
  expect(await count(undefined, hourMs + HOUR_MS)).toBe(5);
  expect(await count(undefined, hourMs)).toBe(0);
});

test.each([1, 2, 3, 4])(
  "page by page, none is of more than %i, and none is short as long as there is more",
  async (limit) => {
    const found: string[] = [];
    const sizes: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await listMeteringRecords(store.ledger, { customerAccountId: ANNAS_ACCOUNT, cursor, limit });
      found.push(...page.items.map(({ usageRecord }) => usageRecord.dimension));
      sizes.push(page.items.length);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(found.toSorted()).toEqual(ANNAS);
    expect(Math.max(...sizes)).toBe(limit);
    expect(sizes.slice(0, -1).every((size) => size === limit)).toBe(true);
  },
);

test("of a ledger that is looked through for long and holds nothing of it, a short page comes, with a cursor to go on from", async () => {
  let pages = 0;
  // As PostgreSQL's, whose pages are of so many rows looked at.
  const long = Object.assign(store.ledger, {
    meteringRecords: () => Promise.resolve({ items: [], nextCursor: String((pages += 1)) }),
  });
  expect(await listMeteringRecords(long, { productCode: LOGS, limit: 10 })).toEqual({ items: [], nextCursor: "100" });
  expect(await listMeteringRecords(long, { productCode: LOGS, limit: 10 })).toMatchObject({ nextCursor: "200" });
});
