/** Memory, SQLite, PostgreSQL and a plain Map get the same history, and must give the same answers. */
import type { BatchMeterUsageInput, UsageRecord, UsageRecordResult } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { CatalogueChange } from "../domain/catalogue/catalogue.ts";
import { START_MS, ledgerOver, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../testing/contract/temporary-folder.ts";
import { EVERYTHING, PRODUCT, REGION, moveClockTo, newCall, put } from "../../testing/contract/works.ts";
import type { Answer } from "../operations/operation.ts";
import { batchMeterUsageOperation } from "../operations/batch-meter-usage.ts";
import { MemoryEngine } from "./memory/memory-engine.ts";
import { ledgerInPostgres } from "../../testing/postgres-ledger.ts";
import { openSqliteEngine } from "./sqlite/sqlite-engine.ts";
import { whyNoPostgres } from "../../../../test/support/postgres/database.ts";

const noPostgres = whyNoPostgres();
if (noPostgres !== undefined) process.stdout.write(`not on PostgreSQL, which cannot run: ${noPostgres}\n`);

const SELLER = "111122223333";
const HOUR_MS = 3_600_000;
const DIMENSIONS = ["gb", "calls"];
/** The first two have an agreement without an end; the last one's agreement has ended. */
const CUSTOMERS = ["customer-1", "customer-2", "gone"];

const CATALOGUE: readonly CatalogueChange[] = [
  {
    kind: "product",
    id: PRODUCT,
    value: {
      productCode: PRODUCT,
      title: "Product",
      seller: SELLER,
      type: "saas",
      pricing: "usage",
      dimensions: DIMENSIONS.map((name) => ({ name, kind: "metered" })),
    },
  },
  ...CUSTOMERS.map((customerIdentifier, i): CatalogueChange => {
    const endsAtMs = customerIdentifier === "gone" ? START_MS - 100 * HOUR_MS : undefined;
    const customerAccountId = `44445555666${i}`;
    const term = { startsAtMs: 0, endsAtMs, entitlements: [] };
    const value = { agreementId: `agmt-${i}`, productCode: PRODUCT, customerAccountId, customerIdentifier, ...term };
    return { kind: "agreement", id: value.agreementId, value };
  }),
];

/** A usage record whose time is relative to the clock, since that decides whether it is too old or too early. */
interface Usage extends Omit<UsageRecord, "timestampMs"> {
  readonly agoMs: number;
}

type Step =
  | { readonly kind: "together"; readonly batches: readonly (readonly Usage[])[] }
  /** Sends some records of an earlier batch again, perhaps with another quantity. */
  | { readonly kind: "again"; readonly batch: number; readonly take: readonly boolean[]; readonly more: number }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "reopen" };

const split = (parts: readonly number[]): Pick<UsageRecord, "quantity" | "usageAllocations"> => ({
  quantity: parts.reduce((sum, part) => sum + part, 0),
  usageAllocations: parts.map((part, i) => ({
    allocatedUsageQuantity: part,
    tags: [{ key: "team", value: `${i}` }],
  })),
});
const usage: fc.Arbitrary<Usage> = fc
  .tuple(
    fc.record({
      customerIdentifier: fc.constantFrom(...CUSTOMERS),
      dimension: fc.constantFrom(...DIMENSIONS),
      // A few records are too old or too far in the future (Rules W1, W3).
      agoMs: fc.oneof(
        { weight: 30, arbitrary: fc.integer({ min: 0, max: 3 * HOUR_MS }) },
        { weight: 1, arbitrary: fc.integer({ min: -1_000_000, max: 6 * HOUR_MS + 600_000 }) },
      ),
    }),
    fc.oneof(
      fc.constant({}),
      fc.nat({ max: 2 }).map((quantity) => ({ quantity })),
      fc.array(fc.nat({ max: 1 }), { minLength: 1, maxLength: 2 }).map(split),
    ),
  )
  .map(([what, much]) => ({ ...what, ...much }));
const batch = fc.array(usage, { maxLength: 6 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("together" as const),
      batches: fc.array(batch, { minLength: 1, maxLength: 4 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("again" as const),
      batch: fc.nat({ max: 30 }),
      take: fc.array(fc.boolean(), { minLength: 6, maxLength: 6 }),
      more: fc.constantFrom(0, 0, 0, 1),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.nat({ max: 2 * HOUR_MS }) }) },
  { weight: 1, arbitrary: fc.constant({ kind: "reopen" as const }) },
);

/** The whole service in a Map: under each key, the record that stands, as it was sent. */
class Model {
  readonly kept = new Map<string, { readonly id: string; readonly record: UsageRecord }>();

  meter(requestId: string, records: readonly UsageRecord[], nowMs: number): UsageRecordResult[] | "refused" {
    const outside = (atMs: number): boolean => nowMs - atMs > 6 * HOUR_MS || atMs - nowMs > 900_000;
    if (records.some(({ timestampMs }) => outside(timestampMs))) return "refused";
    return records.map((usageRecord, position): UsageRecordResult => {
      const { customerIdentifier, dimension, timestampMs } = usageRecord;
      const key = [Math.floor(timestampMs / HOUR_MS), customerIdentifier, dimension].join(" ");
      const kept = this.kept.get(key);
      if (kept !== undefined) {
        const status = amountOf(kept.record) === amountOf(usageRecord) ? "Success" : "DuplicateRecord";
        return { usageRecord, meteringRecordId: kept.id, status };
      }
      if (customerIdentifier === "gone") return { usageRecord, status: "CustomerNotSubscribed" };
      const id = requestId.slice(0, 34) + position.toString(16).padStart(2, "0");
      this.kept.set(key, { id, record: usageRecord });
      return { usageRecord, meteringRecordId: id, status: "Success" };
    });
  }
}

function amountOf({ quantity = 0, usageAllocations }: UsageRecord): string {
  return JSON.stringify([quantity, usageAllocations ?? null]);
}

/** The answer, in the form in which the model gives it. */
function outcomeOf(answer: Answer<{ readonly results: readonly UsageRecordResult[] }>): unknown {
  return answer.rejected === undefined ? answer.output.results : "refused";
}

async function sendAll(store: LedgerUnderTest, requestIds: readonly string[], inputs: readonly BatchMeterUsageInput[]) {
  const operation = batchMeterUsageOperation(store.ledger);
  const calls = requestIds.map((requestId) => ({ ...newCall(), requestId, accountId: SELLER, region: REGION }));
  return Promise.all(calls.map(async (call, i) => outcomeOf(await operation(call, inputs[i] as BatchMeterUsageInput))));
}

test("memory, SQLite, PostgreSQL and a plain Map give the same results for any history (Rules K2, K3, K4)", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), fc.integer({ min: 1, max: 4 }), async (steps, groupMax) => {
      const folder = temporaryFolder();
      const engine = new MemoryEngine();
      const stores = [
        await ledgerOver(() => engine, () => {}, { groupMax }),
        await ledgerOver(() => openSqliteEngine(folder.path), folder.remove, { groupMax }),
        ...(noPostgres === undefined ? [await ledgerInPostgres({ groupMax }, 1)] : []),
      ]; // prettier-ignore
      const model = new Model();
      const sent: (readonly UsageRecord[])[] = [];
      let nowMs = START_MS;
      try {
        for (const store of stores) await store.ledger.transact(put(CATALOGUE));
        for (const one of steps) {
          if (one.kind === "reopen") {
            for (const store of stores) await store.reopen();
          } else if (one.kind === "advance") {
            nowMs += one.ms;
            for (const store of stores) await store.ledger.transact(moveClockTo(nowMs));
          } else {
            const batches = one.kind === "again" ? [againOf(sent, one)] : one.batches.map((all) => timed(all, nowMs));
            sent.push(...batches);
            const requestIds = batches.map(() => newCall().requestId);
            const inputs = batches.map((usageRecords) => ({ usageRecords, productCode: PRODUCT }));
            const expected = batches.map((records, i) => model.meter(requestIds[i] as string, records, nowMs));
            for (const store of stores) expect(await sendAll(store, requestIds, inputs)).toEqual(expected);
          }
        }
        const keptIds = [...model.kept.values()].map(({ id }) => id).toSorted();
        for (const { ledger } of stores) {
          const { items } = await ledger.meteringRecords(EVERYTHING);
          expect(items.map((item) => item.meteringRecordId).toSorted()).toEqual(keptIds);
        }
      } finally {
        for (const store of stores) await store.remove();
      }
    }),
    { numRuns: 60 },
  );
  // Each opened store starts a thread that loads TypeScript, which is slow on a busy machine.
}, 300_000);

function timed(batchOf: readonly Usage[], nowMs: number): UsageRecord[] {
  return batchOf.map(({ agoMs, ...record }) => ({ ...record, timestampMs: nowMs - agoMs }));
}

function againOf(
  sent: readonly (readonly UsageRecord[])[],
  { batch: which, take, more }: Extract<Step, { kind: "again" }>,
): UsageRecord[] {
  const earlier = sent.at(which % Math.max(sent.length, 1)) ?? [];
  const same = earlier.filter((_, i) => take[i]);
  if (more === 0) return same;
  return same.map(({ usageAllocations: _none, ...record }) => ({ ...record, quantity: (record.quantity ?? 0) + more }));
}
