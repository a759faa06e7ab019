/** The contract, third part: metering records are listed by hour, each once, whatever the size of a page. */
import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { accruedKey, clientTokenKey, keyText } from "../../src/domain/metering/metering-record.ts";
import {
  InvalidCursorError,
  type ListedRecord,
  type Ledger,
  type MeteringRecordQuery,
} from "../../src/ledger/ledger.ts";
import type { LedgerEvent } from "../../src/ledger/entry.ts";
import { START_MS, type LedgerUnderTest } from "./ledger-under-test.ts";
import { EVERYTHING, PRODUCT, keptIds, look, meter, newCall, sent, type Sent } from "./works.ts";

const LICENSE = "arn:aws:license-manager::294406891311:license:l-1";
const HOUR = START_MS / HOUR_MS - 0.5;

/** Records of several hours, products, customers and dimensions, in mixed order. */
const RECORDS: readonly Sent[] = [3, 0, 2, 1].flatMap((hoursAgo) =>
  ["gb", "calls", "seats"].flatMap((dimension, d) =>
    ["444455556666", "777788889999"].flatMap((customerAccountId, c) => {
      const timestampMs = START_MS - hoursAgo * HOUR_MS + d;
      const plain = sent({ timestampMs, dimension, customerAccountId, quantity: hoursAgo });
      const licensed = sent({ timestampMs, dimension, customerAccountId, licenseArn: LICENSE });
      return (hoursAgo + d + c) % 3 === 0 ? [licensed, plain] : [plain];
    }),
  ),
);

async function filled({ ledger }: LedgerUnderTest): Promise<Ledger> {
  await ledger.transact(meter(RECORDS.slice(0, 20)));
  await ledger.transact(meter(RECORDS.slice(20)));
  return ledger;
}

/** Reads all pages, as a caller would. */
async function allPages(ledger: Ledger, query: MeteringRecordQuery): Promise<ListedRecord[]> {
  const items: ListedRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.meteringRecords({ ...query, cursor });
    expect(page.items.length).toBeLessThanOrEqual(query.limit);
    items.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return items;
}

function matches(query: MeteringRecordQuery, { key }: Sent): boolean {
  const { fromHour, toHour, offerings, customers, dimension } = query;
  return (
    key.hour >= fromHour &&
    key.hour <= toHour &&
    (offerings?.includes(key.offering) ?? true) &&
    (customers?.includes(key.customer) ?? true) &&
    (dimension === undefined || key.dimension === dimension)
  );
}

const textOf = ({ key }: Pick<Sent, "key">): string => keyText(key);
const some = (...texts: string[]): fc.Arbitrary<string[]> => fc.subarray([...texts, "none"]);

export function listingPromises(fresh: () => Promise<LedgerUnderTest>): void {
  describe("listing", () => {
    test("shows a record once that is found by its client token, too", async () => {
      const { ledger } = await fresh();
      const record = sent();
      const token = clientTokenKey(record.key, "t");
      const work = meter([record]);
      const [metered] = await ledger.transact({
        ...work,
        keys: [record.key, token],
        decide: (facts) => {
          const { records = [], ...outcome } = work.decide(facts);
          return { ...outcome, records: [...records, ...records.map((one) => ({ ...one, key: token }))] };
        },
      });
      expect(await ledger.transact({ ...look(({ kept }) => kept[0]?.meteringRecordId), keys: [token] })).toBe(
        metered?.id,
      );
      expect(await keptIds(ledger)).toEqual([metered?.id]);
    });

    test("tells everything of a record", async () => {
      const { ledger } = await fresh();
      const call = newCall();
      const [first, second] = [sent({ dimension: "calls", quantity: 2 }), sent({ licenseArn: LICENSE })];
      const metered = await ledger.transact(meter([first, second], call));
      const { items, nextCursor } = await ledger.meteringRecords(EVERYTHING);
      expect(nextCursor).toBeUndefined();
      const common = { requestId: call.requestId, productCode: PRODUCT, recordedAtMs: START_MS };
      const expected = [first, second].map((one, i) => ({ ...common, ...one, meteringRecordId: metered[i]?.id }));
      expect(items).toHaveLength(2);
      expect(items).toEqual(expect.arrayContaining(expected));
    });

    test("of an empty ledger is empty", async () => {
      expect(await (await fresh()).ledger.meteringRecords(EVERYTHING)).toEqual({ items: [] });
    });

    test("goes by hour and covers everything exactly once, whatever the size of a page", async () => {
      const ledger = await filled(await fresh());
      const inOneGo = await keptIds(ledger);
      expect(inOneGo).toHaveLength(RECORDS.length);
      for (let limit = 1; limit <= RECORDS.length + 1; limit += 1) {
        const items = await allPages(ledger, { ...EVERYTHING, limit });
        expect(items.map((item) => item.meteringRecordId)).toEqual(inOneGo);
        const hours = items.map((item) => item.key.hour);
        expect(hours).toEqual(hours.toSorted((a, b) => a - b));
      }
    });

    test("finds what a plain filter finds, for any hours, offerings, customers and dimension", async () => {
      const ledger = await filled(await fresh());
      const hour = fc.integer({ min: HOUR - 5, max: HOUR + 2 });
      const query = fc.record(
        {
          fromHour: hour,
          toHour: hour,
          offerings: some(PRODUCT, LICENSE),
          customers: some("account:444455556666", "account:777788889999"),
          dimension: fc.constantFrom("gb", "calls", "seats", "none"),
          limit: fc.integer({ min: 1, max: 40 }),
        },
        { requiredKeys: ["fromHour", "toHour", "limit"] },
      );
      await fc.assert(
        fc.asyncProperty(query, async (given) => {
          const expected = RECORDS.filter((record) => matches(given, record));
          const found = await allPages(ledger, given);
          expect(found.map(textOf).toSorted()).toEqual(expected.map(textOf).toSorted());
        }),
      );
    });

    test("finds the records of one resource among those of its account, adjustments included", async () => {
      const { ledger } = await fresh();
      const meterItself = async (resourceId: string, own: string): Promise<void> => {
        const record = sent({}, { discriminator: `resource:${resourceId}` });
        const work = meter([record]);
        await ledger.transact({
          ...work,
          decide: (facts) => {
            const { event, ...outcome } = work.decide(facts);
            return { ...outcome, event: { ...event, resourceId } as LedgerEvent };
          },
        });
        const use = { resourceId, customerAccountId: "444455556666", region: record.key.region, dimension: own };
        const uses = [undefined, 1].map((adjustment) => ({ ...use, hour: HOUR, seconds: 60, adjustment }));
        const records = uses.map((of, position) => ({ position, key: accruedKey(of, PRODUCT), quantity: of.seconds }));
        await ledger.transact({
          call: newCall(),
          keys: records.map(({ key }) => key),
          decide: () => ({
            event: { kind: "usage-accrued", productCode: PRODUCT, uses } as LedgerEvent,
            records,
            answer: undefined,
          }),
        });
      };
      await ledger.transact(meter([sent()]));
      await meterItself("ecs-1", "of one");
      await meterItself("ecs-11", "of another");
      const { customer } = sent().key;
      for (const limit of [1, 100]) {
        const found = await allPages(ledger, { ...EVERYTHING, customers: [customer], resourceId: "ecs-1", limit });
        expect(found.map(({ resourceId }) => resourceId)).toEqual(["ecs-1", "ecs-1", "ecs-1"]);
        expect(found.map(({ key }) => key.dimension).toSorted()).toEqual([sent().key.dimension, "of one", "of one"]);
      }
      expect(await allPages(ledger, { ...EVERYTHING, resourceId: "ecs-%" })).toEqual([]);
    });

    test("is not put off by records that come in between two pages", async () => {
      const ledger = await filled(await fresh());
      const before = new Set(await keptIds(ledger));
      const items: ListedRecord[] = [];
      let cursor: string | undefined;
      for (let page = 0; page === 0 || cursor !== undefined; page += 1) {
        const { items: found, nextCursor } = await ledger.meteringRecords({ ...EVERYTHING, limit: 4, cursor });
        items.push(...found);
        cursor = nextCursor;
        const added = [0, 3].map((hoursAgo) => ({ timestampMs: START_MS - hoursAgo * HOUR_MS, dimension: `p${page}` }));
        if (page < 20) await ledger.transact(meter(added.map((record) => sent(record))));
      }
      const ids = items.map((item) => item.meteringRecordId);
      expect(new Set(ids).size).toBe(ids.length);
      expect(ids.filter((id) => before.has(id))).toHaveLength(before.size);
    });

    test("does not leave its hours for the cursor of another query", async () => {
      const ledger = await filled(await fresh());
      const { nextCursor } = await ledger.meteringRecords({ ...EVERYTHING, limit: 1 });
      const found = await allPages(ledger, { ...EVERYTHING, fromHour: HOUR - 1, limit: 40 });
      const strayed = await ledger.meteringRecords({ ...EVERYTHING, fromHour: HOUR - 1, cursor: nextCursor });
      expect(strayed.items).toEqual(found);
    });

    test("refuses what is not a cursor", async () => {
      const ledger = await filled(await fresh());
      const json = ["null", "[]", "{}", '{"hour":1}', '["a",1]', "[[1],[2]]", '[0,0,0,0,0,{"a":1}]'];
      const encoded = json.map((text) => Buffer.from(text).toString("base64url"));
      for (const cursor of ["", "0", "no cursor", "%00", "ÿ", ...encoded]) {
        await expect(ledger.meteringRecords({ ...EVERYTHING, cursor })).rejects.toThrow(InvalidCursorError);
      }
    });
  });
}
