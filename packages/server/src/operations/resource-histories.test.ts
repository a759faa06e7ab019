/**
 * Random histories of resources that meter and register themselves. The operations over a ledger, and a model that shares no
 * code with the domain, must answer alike.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HOURLY_CONTAINER, METERED_CONTAINER, OTHER_CONTAINER, resource } from "../../testing/container-market.ts";
import { START_MS, ledgerOver, type LedgerUnderTest } from "../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../testing/contract/temporary-folder.ts";
import { EVERYTHING, moveClockTo } from "../../testing/contract/works.ts";
import { MemoryEngine } from "../stores/memory/memory-engine.ts";
import { openSqliteEngine } from "../stores/sqlite/sqlite-engine.ts";
import { verify } from "../stores/sqlite/verification/verify.ts";
import { agreement, putAgreement } from "../../testing/market.ts";
import { meter, openMarket, putAll, register, sent } from "../../testing/resource-calls.ts";

const HOUR = 3_600_000;
const RESOURCES = ["one", "two"].map((resourceId) => resource("ecs", { resourceId, startedAtMs: START_MS - HOUR }));

interface Usage {
  readonly resource: number;
  readonly productCode: string;
  readonly usageDimension: string;
  readonly usageQuantity: number;
  /** The quantity of the only usage allocation; if it is not the whole quantity, the request is refused. */
  readonly split: number | undefined;
  /** How long before the clock's time the usage was. */
  readonly agoMs: number;
  readonly clientToken: string | undefined;
  readonly dryRun: boolean;
}

type Step =
  | { readonly kind: "meter"; readonly usages: readonly Usage[] }
  /** Sends an earlier request again, unchanged. */
  | { readonly kind: "again"; readonly which: number }
  | { readonly kind: "register"; readonly resource: number; readonly at: readonly number[] }
  | { readonly kind: "advance"; readonly ms: number }
  | { readonly kind: "agree"; readonly productCode: string; readonly agreed: boolean }
  | { readonly kind: "reopen" };

const usage: fc.Arbitrary<Usage> = fc.record({
  resource: fc.nat({ max: 1 }),
  productCode: fc.constantFrom(METERED_CONTAINER, METERED_CONTAINER, OTHER_CONTAINER),
  usageDimension: fc.constantFrom("gb", "gb", "calls", "none"),
  usageQuantity: fc.constantFrom(1, 1, 2, 0),
  split: fc.constantFrom(undefined, undefined, undefined, 1, 2),
  agoMs: fc.constantFrom(0, 0, 1, 60_000, HOUR, 2 * HOUR, 6 * HOUR, 6 * HOUR + 1, -900_000, -900_001),
  clientToken: fc.constantFrom(undefined, "a", "a", "b", "c"),
  dryRun: fc.constantFrom(false, false, false, true),
});
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("again" as const), which: fc.nat() }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("meter" as const), usages: fc.array(usage, { minLength: 1, maxLength: 5 }) }) },
  { weight: 2, arbitrary: fc.record({
    kind: fc.constant("register" as const),
    resource: fc.nat({ max: 1 }),
    at: fc.array(fc.nat({ max: 9 }), { minLength: 1, maxLength: 3 }),
  }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("advance" as const), ms: fc.constantFrom(1, 900_000, HOUR, 3 * HOUR, 6 * HOUR, 6 * HOUR + 900_000, 8 * HOUR) }) },
  { weight: 1, arbitrary: fc.record({
    kind: fc.constant("agree" as const),
    productCode: fc.constantFrom(METERED_CONTAINER, OTHER_CONTAINER, HOURLY_CONTAINER),
    agreed: fc.boolean(),
  }) },
  { weight: 1, arbitrary: fc.constant<Step>({ kind: "reopen" }) },
); // prettier-ignore

interface Kept {
  id: string;
  readonly hour: number;
  readonly what: string;
  readonly how: string;
  readonly token: string | undefined;
}

/** The model. Where it accepts a record it answers `new`, and is then told the record's id. */
class Model {
  nowMs = START_MS;
  readonly agreed = new Set([METERED_CONTAINER, OTHER_CONTAINER, HOURLY_CONTAINER]);
  readonly kept: Kept[] = [];
  readonly registered = new Set<number>();

  meter(u: Usage): string {
    const timeMs = this.nowMs - u.agoMs;
    if (u.usageDimension === "none") return "InvalidUsageDimensionException";
    if (u.agoMs < -900_000 || u.agoMs > 6 * HOUR) return "TimestampOutOfBoundsException";
    if (u.split !== undefined && u.split !== u.usageQuantity) return "InvalidUsageAllocationsException";
    const hour = Math.floor(timeMs / HOUR);
    const what = `${u.resource} ${u.productCode} ${u.usageDimension}`;
    const how = `${u.usageQuantity} ${u.split ?? "whole"}`;
    const isThis = (k: Kept): boolean => k.hour === hour && k.what === what && k.how === how;
    const withToken = this.kept.find(
      (k) =>
        u.clientToken !== undefined &&
        k.token === `${u.resource} ${u.clientToken}` &&
        (k.hour + 1) * HOUR + 6 * HOUR >= this.nowMs,
    );
    if (withToken !== undefined && !isThis(withToken)) return "IdempotencyConflictException";
    const ofHour = this.kept.find((k) => k.hour === hour && k.what === what);
    if (ofHour !== undefined && !isThis(ofHour)) return "DuplicateRequestException";
    if (ofHour === undefined && !this.agreed.has(u.productCode)) return "CustomerNotEntitledException";
    if (u.dryRun) return "DryRunOperation";
    if (ofHour !== undefined) return ofHour.id;
    const token = u.clientToken === undefined ? undefined : `${u.resource} ${u.clientToken}`;
    this.kept.push({ id: "new", hour, what, how, token });
    return "new";
  }

  register(of: number): "signed" | "CustomerNotEntitledException" {
    if (!this.registered.has(of) && !this.agreed.has(HOURLY_CONTAINER)) return "CustomerNotEntitledException";
    this.registered.add(of);
    return "signed";
  }
}

async function meterAtOnce(store: LedgerUnderTest, model: Model, usages: readonly Usage[]): Promise<void> {
  const answers = await Promise.all(
    usages.map(({ resource: of, split, agoMs, clientToken, ...input }) =>
      meter(
        store.ledger,
        RESOURCES[of] as (typeof RESOURCES)[number],
        sent(
          {
            ...input,
            ...(clientToken === undefined ? {} : { clientToken }),
            ...(split === undefined ? {} : { usageAllocations: [{ allocatedUsageQuantity: split }] }),
          },
          model.nowMs - agoMs,
        ),
      ),
    ),
  );
  for (const [i, u] of usages.entries()) {
    const answer = answers[i] ?? "";
    const expected = model.meter(u);
    if (expected !== "new") {
      expect(answer, JSON.stringify(u)).toBe(expected);
      continue;
    }
    expect(answer, JSON.stringify(u)).toMatch(/^[0-9a-f-]{36}$/);
    expect(
      model.kept.map(({ id }) => id),
      "an id of its own",
    ).not.toContain(answer);
    (model.kept.at(-1) as Kept).id = answer;
  }
}

async function play(store: LedgerUnderTest, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  const before: { readonly usage: Usage; readonly timeMs: number }[] = [];
  await openMarket(store.ledger, ...RESOURCES);
  for (const next of steps) {
    switch (next.kind) {
      case "meter":
        before.push(...next.usages.map((sentNow) => ({ usage: sentNow, timeMs: model.nowMs - sentNow.agoMs })));
        await meterAtOnce(store, model, next.usages);
        break;
      case "again": {
        const once = before[next.which % before.length];
        if (once !== undefined) await meterAtOnce(store, model, [{ ...once.usage, agoMs: model.nowMs - once.timeMs }]);
        break;
      }
      case "register": {
        const task = RESOURCES[next.resource] as (typeof RESOURCES)[number];
        const answers = await Promise.all(next.at.map((n) => register(store.ledger, task, { nonce: String(n) })));
        const expected = next.at.map((n) =>
          model.register(next.resource) === "signed"
            ? JSON.stringify([1, { productCode: HOURLY_CONTAINER, publicKeyVersion: 1, nonce: String(n) }])
            : "CustomerNotEntitledException",
        );
        expect(answers).toEqual(expected);
        break;
      }
      case "advance":
        model.nowMs += next.ms;
        await store.ledger.transact(moveClockTo(model.nowMs));
        break;
      case "agree": {
        const { productCode, agreed } = next;
        const value = agreement(`anna-${productCode}`, { productCode, customerIdentifier: undefined });
        await putAll(store.ledger, [agreed ? putAgreement(value) : { ...putAgreement(value), value: undefined }]);
        if (agreed) model.agreed.add(productCode);
        else model.agreed.delete(productCode);
        break;
      }
      case "reopen":
        await store.reopen();
    }
  }
  const { items } = await store.ledger.meteringRecords(EVERYTHING);
  expect(items.map((item) => item.meteringRecordId).toSorted()).toEqual(model.kept.map(({ id }) => id).toSorted());
  const found = await store.ledger.findResources(RESOURCES.map(({ resourceId }) => resourceId));
  expect(found.map((known) => known?.registrations.length)).toEqual(
    RESOURCES.map((_, i) => (model.registered.has(i) ? 1 : 0)),
  );
}

test("histories of resources are as a second reading of Rules M4 to M7, Y4 and Y5 has them, in memory", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
      const engine = new MemoryEngine();
      const store = await ledgerOver(
        () => engine,
        () => undefined,
      );
      try {
        await play(store, steps);
      } finally {
        await store.remove();
      }
    }),
    { numRuns: 150 },
  );
});

test("… and in SQLite, where the ledger agrees with itself in the end", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = temporaryFolder();
      const store = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
      try {
        await play(store, steps);
        expect(verify(folder.path).disagreement).toBeUndefined();
      } finally {
        await store.remove();
      }
    }),
    { numRuns: 10 },
  );
});
