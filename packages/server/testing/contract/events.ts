/** The contract of events: entries are found by who called what, when and about what, in the order of time. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Call, LedgerEntry, LedgerEvent } from "../../src/ledger/entry.ts";
import { InvalidCursorError, type EventQuery, type Ledger } from "../../src/ledger/ledger.ts";
import { START_MS, type LedgerUnderTest } from "./ledger-under-test.ts";
import { PRODUCT, newCall, usage } from "./works.ts";

const OPERATIONS = ["BatchMeterUsage", "ResolveCustomer", "CreateAgreement", "GetEntitlements"];
const ACCOUNTS = ["111122223333", "444455556666", undefined];
const PRINCIPALS = [
  "arn:aws:iam::111122223333:user/metering",
  "operator",
  "buy-page",
  "arn:aws:sts::1:assumed-role/é/i",
];
const KEYS = ["AKIACONTRACT00000001", "AKIACONTRACT00000002", undefined];
const PRODUCTS = [PRODUCT, "1abcdefghijklmnopqrstuvwx", undefined];
const ENTRIES = 48;
const ALL: EventQuery = { order: "oldest", limit: 1_000 };

/** The product of the entry at an index. */
const productAt = (i: number): string | undefined => at(PRODUCTS, Math.floor(i / 7));
const at = <T>(items: readonly T[], i: number): T => items[i % items.length] as T;

function callOf(i: number): Call {
  return {
    ...newCall(),
    operation: at(OPERATIONS, i),
    accountId: at(ACCOUNTS, Math.floor(i / 2)),
    principal: at(PRINCIPALS, Math.floor(i / 3)),
    accessKeyId: at(KEYS, Math.floor(i / 5)),
  };
}

/** An event of each kind that names a product, and one that names none. */
function eventOf(productCode: string | undefined, i: number): LedgerEvent {
  if (productCode === undefined) return { kind: "catalogue-changed", changes: [] };
  const kinds: readonly LedgerEvent[] = [
    { kind: "usage-metered", productCode, records: [{ usageRecord: usage(), status: "Success" }] },
    { kind: "customer-resolved", agreementId: "a", customer: { productCode, customerAccountId: "444455556666" } },
    { kind: "entitlements-shown", productCode, request: { productCode }, count: 0 },
    { kind: "call-refused", code: "ThrottlingException", message: "", compared: {}, request: { productCode } },
  ];
  return at(kinds, i);
}

/** Writes several entries in each of some hours, and then a few in one group. */
async function filled({ ledger, clock }: LedgerUnderTest): Promise<readonly LedgerEntry[]> {
  const kept: LedgerEntry[] = [];
  for (let i = 0; i < ENTRIES; i += 1) {
    if (i % 4 === 0) clock.moveTo(START_MS + Math.floor(i / 4) * 1_000);
    const entry = { atMs: clock.nowMs(), call: callOf(i), event: eventOf(productAt(i), i) };
    kept.push(entry);
    await ledger.transact({ call: entry.call, keys: [], decide: () => ({ event: entry.event, answer: undefined }) });
  }
  return kept;
}

async function allPages(ledger: Ledger, query: EventQuery): Promise<LedgerEntry[]> {
  const items: LedgerEntry[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.events({ ...query, cursor });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

const is = (asked: string | undefined, has: string | undefined): boolean => asked === undefined || asked === has;

/** The answer that a query should get, computed entry by entry. */
function expected(kept: readonly LedgerEntry[], query: EventQuery): string[] {
  const { fromMs = -Infinity, toMs = Infinity } = query;
  const found = kept.filter(({ atMs, call }, i) => {
    return (
      is(query.accountId, call.accountId) &&
      is(query.accessKeyId, call.accessKeyId) &&
      is(query.productCode, productAt(i)) &&
      (query.operations === undefined || query.operations.includes(call.operation)) &&
      (query.principals === undefined || query.principals.includes(call.principal)) &&
      atMs >= fromMs &&
      atMs < toMs
    );
  });
  const ids = found.map(({ call }) => call.requestId);
  return query.order === "oldest" ? ids : ids.toReversed();
}

const idsOf = (entries: readonly LedgerEntry[]): string[] => entries.map(({ call }) => call.requestId);
const one = (items: readonly (string | undefined)[]): fc.Arbitrary<string> =>
  fc.constantFrom("none", ...items.filter((item) => item !== undefined));

const anyQuery: fc.Arbitrary<EventQuery> = fc.record(
  {
    operations: fc.subarray([...OPERATIONS, "NoOperation"]),
    accountId: one(ACCOUNTS),
    principals: fc.subarray([...PRINCIPALS, "nobody"]),
    accessKeyId: one(KEYS),
    productCode: one(PRODUCTS),
    fromMs: fc.integer({ min: START_MS - 1_000, max: START_MS + 13_000 }),
    toMs: fc.integer({ min: START_MS - 1_000, max: START_MS + 13_000 }),
    order: fc.constantFrom("newest", "oldest"),
    limit: fc.integer({ min: 1, max: ENTRIES + 5 }),
  },
  { requiredKeys: ["order", "limit"] },
);

export function eventPromises(fresh: () => Promise<LedgerUnderTest>): void {
  describe("events", () => {
    test("are the entries as they were written, in their order or from the newest back", async () => {
      const store = await fresh();
      const kept = await filled(store);
      expect((await store.ledger.events(ALL)).items).toEqual(kept);
      expect((await store.ledger.events({ ...ALL, order: "newest" })).items).toEqual(kept.toReversed());
      await store.reopen();
      expect((await store.ledger.events(ALL)).items).toEqual(kept);
    });

    test("of an empty ledger are none", async () => {
      expect((await (await fresh()).ledger.events(ALL)).items).toEqual([]);
    });

    test("are those that a plain filter finds, each once, for any query and any size of a page", async () => {
      const store = await fresh();
      const kept = await filled(store);
      await fc.assert(
        fc.asyncProperty(anyQuery, async (query) => {
          expect(idsOf(await allPages(store.ledger, query))).toEqual(expected(kept, query));
        }),
        { numRuns: 200 },
      );
    });

    test("include the time they are asked from, and not the time they are asked to", async () => {
      const store = await fresh();
      const kept = await filled(store);
      const query: EventQuery = { ...ALL, fromMs: START_MS + 2_000, toMs: START_MS + 3_000 };
      expect(idsOf(await allPages(store.ledger, query))).toEqual(idsOf(kept.slice(8, 12)));
    });

    test.each(["newest", "oldest"] as const)(
      "from the %s on miss nothing and repeat nothing while others come in",
      async (order) => {
        const store = await fresh();
        const kept = await filled(store);
        const found: string[] = [];
        let cursor: string | undefined;
        let added = 0;
        do {
          const page = await store.ledger.events({ order, limit: 5, cursor });
          found.push(...idsOf(page.items));
          cursor = page.nextCursor;
          if (added < 6) {
            const call = callOf((added += 1));
            const event = eventOf(PRODUCT, added);
            await store.ledger.transact({ call, keys: [], decide: () => ({ event, answer: undefined }) });
          }
        } while (cursor !== undefined);
        expect(new Set(found).size).toBe(found.length);
        const before = found.filter((id) => kept.some(({ call }) => call.requestId === id));
        expect(before).toEqual(expected(kept, { order, limit: 1 }));
        // The new entries are the newest, so only a listing from the oldest on comes to them.
        expect(found.length - before.length).toBe(order === "oldest" ? 6 : 0);
      },
    );

    test("have principals that are found one after the other, in the order of their bytes", async () => {
      const { ledger } = await fresh().then(async (store) => {
        await filled(store);
        return store;
      });
      const walked: string[] = [];
      let after = "";
      for (;;) {
        const next = await ledger.principalBetween(after, "\uffff");
        if (next === undefined) break;
        walked.push(next);
        after = next;
      }
      expect(walked).toEqual(PRINCIPALS.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      expect(await ledger.principalBetween("buy-page", "operator"), "neither end is included").toBeUndefined();
      // The listing holds names of principals only, whatever other names look like.
      expect(await ledger.principalBetween(PRODUCT.slice(0, -1), `${PRODUCT}0`)).toBeUndefined();
    });

    test("refuse what is not a cursor", async () => {
      const { ledger } = await fresh();
      for (const cursor of ["", "0", "no cursor", "ÿ", Buffer.from("-1").toString("base64url")]) {
        await expect(ledger.events({ ...ALL, cursor })).rejects.toThrow(InvalidCursorError);
      }
    });
  });
}
