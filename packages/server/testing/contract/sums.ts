/** The contract of sums: they are those of the records that are listed, of everything that was committed before they are asked for. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import { adjustmentOf, customerOf, keyOf } from "../../src/domain/metering/metering-record.ts";
import type { AccruedUse } from "../../src/ledger/entry.ts";
import { acceptedRecords } from "../../src/ledger/accepted-records.ts";
import type { Decision, Ledger, Work } from "../../src/ledger/ledger.ts";
import type { SumColumn, TallyAbout, TallyCell, UsageSpan, UsageSum } from "../../src/ledger/sums/sums.ts";
import { START_MS, type LedgerUnderTest } from "./ledger-under-test.ts";
import { EVERYTHING, PRODUCT, REGION, look, meter, newCall, sent, usage as someUsage, type Sent } from "./works.ts";

const HOUR = Math.floor(START_MS / HOUR_MS);
const DAY = Math.floor(HOUR / 24);
const BY: readonly SumColumn[] = ["product", "customer", "dimension", "region"];
const ALL: UsageSpan = { fromHour: 0, toHour: HOUR * 2, by: BY, grain: "hour" };

/** What the control plane writes. */
function accrue(uses: readonly Partial<AccruedUse>[]): Work<undefined> {
  const whole = uses.map((use) => ({
    resourceId: "ecs-one",
    customerAccountId: "444455556666",
    region: REGION,
    dimension: "Hours",
    hour: HOUR,
    seconds: 3_600,
    ...use,
  }));
  const call = { ...newCall(), operation: "AccrueUsage" };
  const event = { kind: "usage-accrued" as const, productCode: PRODUCT, uses: whole };
  const records = acceptedRecords({ atMs: START_MS, call, event });
  return {
    call,
    keys: records.map(({ key }) => key),
    decide: (): Decision<undefined> => ({ event, records, answer: undefined }),
  };
}

/** Sums as texts, in an order of their own. */
function shown(sums: readonly UsageSum[]): string[] {
  return sums
    .map(({ product, customer, dimension, region, hour, kind, amount }) =>
      [hour - HOUR, product.charAt(0), customer, dimension, region, kind, amount].join(" "),
    )
    .toSorted();
}

async function usageOf(ledger: Ledger, span: Partial<UsageSpan> = {}): Promise<string[]> {
  const { usage } = await ledger.sums({ usage: [{ ...ALL, ...span }] });
  return shown(usage[0] ?? []);
}

/** The records that are listed, added up again. */
async function readAgain(ledger: Ledger): Promise<string[]> {
  const amounts = new Map<string, UsageSum>();
  let cursor: string | undefined;
  do {
    const page = await ledger.meteringRecords({ ...EVERYTHING, cursor });
    for (const { key, productCode, usageRecord, accrued } of page.items) {
      const kind = accrued !== true ? "units" : adjustmentOf(key) === undefined ? "final" : "adjustment";
      const customer = customerOf(usageRecord);
      const name = [key.hour, productCode, customer, key.dimension, key.region, kind].join("\n");
      const before = amounts.get(name)?.amount ?? 0n;
      const amount = before + BigInt(usageRecord.quantity ?? 0);
      const { hour, dimension, region } = key;
      amounts.set(name, { product: productCode, customer, dimension, region, hour, kind, amount, lastMs: 0 });
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return shown([...amounts.values()]);
}

const at = (hours: number): { readonly timestampMs: number } => ({ timestampMs: START_MS + hours * HOUR_MS });

async function fill({ ledger, clock }: LedgerUnderTest): Promise<void> {
  const licenseArn = "arn:aws:license-manager::1:license:l-1";
  await ledger.transact(meter([sent(at(0)), sent({ ...at(-1), quantity: 5 }), sent({ ...at(-13), quantity: 7 })]));
  await ledger.transact(meter([identified(2_147_483_647), sent({ ...at(0), licenseArn })]));
  await ledger.transact(
    meter([sent({ ...at(0), dimension: "calls", quantity: 0 }), sent({ ...at(13), quantity: 11 })]),
  );
  await ledger.transact(accrue([{ seconds: 1_800 }, { resourceId: "ecs-two", hour: HOUR - 24 }]));
  await ledger.transact(
    accrue([
      { seconds: -600, adjustment: 1 },
      { hour: HOUR + 12, region: "eu-west-1" },
    ]),
  );
  clock.moveTo(START_MS + 60_000);
}

/** By an identifier, and not by an account. */
function identified(quantity: number): Sent {
  const { timestampMs, dimension } = someUsage();
  const usageRecord = { timestampMs, dimension, customerIdentifier: "anna", quantity };
  return { usageRecord, key: keyOf(usageRecord, PRODUCT, REGION) };
}

/** Usage of so many customers. */
function ofCustomers(count: number, over: Partial<UsageRecord>): Sent[] {
  return Array.from({ length: count }, (_, i) =>
    sent({ customerAccountId: String(100_000_000_000 + i), quantity: i + 1, ...over }),
  );
}

const REFUSED = {
  kind: "call-refused" as const,
  code: "ThrottlingException" as const,
  message: "",
  rule: "Q1" as const,
  compared: {},
};

function tallied(tallies: readonly TallyCell[]): string[] {
  return tallies
    .map(({ day, about, product, customer, dimension, detail, calls, records, units }) =>
      [day - DAY, about, product.charAt(0), customer, dimension, detail, calls, records, units].join("|"),
    )
    .toSorted();
}

export function sumPromises(fresh: () => Promise<LedgerUnderTest>): void {
  describe("sums", () => {
    test("are those of the records, hour by hour, also after a reopening, and grow with what comes", async () => {
      const made = await fresh();
      expect(await usageOf(made.ledger)).toEqual([]);
      await fill(made);
      const before = await usageOf(made.ledger);
      expect(before).toEqual(await readAgain(made.ledger));
      expect(before).toHaveLength(10);
      await made.reopen();
      expect(await usageOf(made.ledger)).toEqual(before);
      await made.ledger.transact(
        meter([sent({ timestampMs: START_MS + 2 * HOUR_MS, quantity: 3 }), sent({ dimension: "new" })]),
      );
      expect(await usageOf(made.ledger)).toEqual(await readAgain(made.ledger));
      expect(await usageOf(made.ledger)).toHaveLength(12);
    });

    test("of many customers in an hour, and again in that hour and another, are those of the records", async () => {
      const { ledger } = await fresh();
      await ledger.transact(meter(ofCustomers(61, at(0))));
      expect(await usageOf(ledger)).toEqual(await readAgain(ledger));
      const licenseArn = "arn:aws:license-manager::1:license:l-1";
      await ledger.transact(meter([...ofCustomers(80, { ...at(0), licenseArn }), ...ofCustomers(27, at(-1))]));
      expect(await usageOf(ledger)).toEqual(await readAgain(ledger));
      expect(await usageOf(ledger)).toHaveLength(107);
    });

    test("of any hours from any hour on, are those of whole days and of parts of days", async () => {
      const made = await fresh();
      await fill(made);
      const { usage } = await made.ledger.sums({ usage: [ALL] });
      const cells = usage[0] ?? [];
      for (const [from, to] of [
        [-40, 40],
        [-13, 1],
        [-12, 12],
        [0, 1],
        [1, 1],
        [5, -5],
        [-24, 13],
        [-12, 36],
      ] as const) {
        const span = { fromHour: HOUR + from, toHour: HOUR + to };
        const inside = cells.filter(({ hour }) => hour >= span.fromHour && hour < span.toHour);
        expect(await usageOf(made.ledger, span), `${from} ${to}`).toEqual(shown(inside));
        const { usage: whole } = await made.ledger.sums({ usage: [{ ...span, by: [] }] });
        const amounts = (kind: string): bigint =>
          inside.filter((cell) => cell.kind === kind).reduce((sum, { amount }) => sum + amount, 0n);
        const kinds = [...new Set(inside.map(({ kind }) => kind))];
        expect(new Map((whole[0] ?? []).map(({ kind, amount }) => [kind, amount]))).toEqual(
          new Map(kinds.map((kind) => [kind, amounts(kind)])),
        );
        const { usage: days } = await made.ledger.sums({ usage: [{ ...span, by: [], grain: "day" }] });
        for (const { hour, kind, amount } of days[0] ?? []) {
          const ofDay = inside.filter(
            (cell) => Math.floor(cell.hour / 24) === Math.floor(hour / 24) && cell.kind === kind,
          );
          expect(hour).toBe(Math.max(span.fromHour, Math.floor(hour / 24) * 24));
          expect(amount).toBe(ofDay.reduce((sum, cell) => sum + cell.amount, 0n));
        }
      }
    });

    test("are told apart by what is asked for, and are of what is asked for", async () => {
      const made = await fresh();
      await fill(made);
      const { ledger } = made;
      expect(await usageOf(ledger, { by: ["region"], grain: undefined, dimensions: ["Hours"] })).toEqual([
        `${-HOUR}    eu-west-1 final 3600`,
        `${-HOUR}    ${REGION} adjustment -600`,
        `${-HOUR}    ${REGION} final 5400`,
      ]);
      expect(await usageOf(ledger, { by: ["customer"], customers: ["identifier:anna"] })).toEqual([
        "0  identifier:anna   units 2147483647",
      ]);
      expect(await usageOf(ledger, { products: ["another"] })).toEqual([]);
      expect(await usageOf(ledger, { notProducts: [PRODUCT] })).toEqual([]);
      expect(await usageOf(ledger, { products: [PRODUCT], notProducts: ["another"] })).toEqual(await usageOf(ledger));
    });

    test("are nothing for names that nothing can be kept under, whoever asks for them", async () => {
      const made = await fresh();
      await fill(made);
      for (const name of ["\0", "gb\0", "\ud800", "gb\udc00"]) {
        for (const names of ["products", "customers", "dimensions"]) {
          expect(await usageOf(made.ledger, { [names]: [name] }), JSON.stringify(name)).toEqual([]);
        }
        expect(await usageOf(made.ledger, { dimensions: [name, "calls"] })).toHaveLength(1);
        expect(await usageOf(made.ledger, { notProducts: [name] })).toEqual(await usageOf(made.ledger));
      }
    });

    test("know when usage was last", async () => {
      const made = await fresh();
      await fill(made);
      const { usage } = await made.ledger.sums({ usage: [{ ...ALL, by: ["dimension"], grain: undefined }] });
      const last = new Map(usage[0]?.map(({ dimension, kind, lastMs }) => [`${dimension} ${kind}`, lastMs]));
      expect(last.get("gb units")).toBe(START_MS + 13 * HOUR_MS);
      expect(last.get("Hours final")).toBe((HOUR + 12) * HOUR_MS);
    });

    test("count what was refused, how old usage was, and what came again", async () => {
      const made = await fresh();
      await fill(made);
      const { ledger } = made;
      await ledger.transact(meter([sent(), sent({ quantity: 9 }, { discriminator: "x" })]));
      const refusing = { call: newCall(), keys: [], decide: () => ({ event: REFUSED, answer: undefined }) };
      await ledger.transact(refusing);
      await ledger.transact({ ...refusing, call: newCall() });
      const about: readonly TallyAbout[] = ["refusal", "age", "duplicate", "replay"];
      const { tallies } = await ledger.sums({ tallies: { about, fromDay: DAY, toDay: DAY + 1 } });
      expect(tallied(tallies)).toEqual([
        "0|age|0|||-1|0|1|11",
        "0|age|0|||0|0|5|2147483658",
        "0|age|0|||13|0|1|7",
        "0|age|0|||1|0|1|5",
        "0|refusal||||BatchMeterUsage ThrottlingException Q1|2|0|0",
        "0|replay|0|account:444455556666|gb||0|1|1",
      ]);
      const { tallies: none } = await ledger.sums({ tallies: { about, fromDay: DAY + 1, toDay: DAY + 9 } });
      expect(none).toEqual([]);
      const { tallies: replays } = await ledger.sums({ tallies: { about: ["replay"], fromDay: 0, toDay: DAY + 9 } });
      expect(replays).toHaveLength(1);
    });

    test("go with a reset, and begin again", async () => {
      const made = await fresh();
      await fill(made);
      expect(await usageOf(made.ledger)).not.toEqual([]);
      await made.ledger.reset(newCall(), () => []);
      expect(await usageOf(made.ledger)).toEqual([]);
      await made.ledger.transact(meter([sent()]));
      expect(await usageOf(made.ledger)).toEqual(await readAgain(made.ledger));
    });

    test("say which accrued use came after heads that are known", async () => {
      const made = await fresh();
      await fill(made);
      const accruedAfter = await made.ledger.chainHeads();
      expect((await made.ledger.sums({ accruedAfter })).accrued).toEqual([]);
      await made.ledger.transact(look(() => undefined));
      await made.ledger.transact(meter([sent({ dimension: "usage-accrued" })]));
      await made.ledger.transact(accrue([{ hour: HOUR + 1 }, { hour: HOUR + 2, seconds: 7 }]));
      const { accrued } = await made.ledger.sums({ accruedAfter });
      expect(accrued.map(({ productCode, use }) => [productCode, use.hour - HOUR, use.seconds])).toEqual([
        [PRODUCT, 1, 3_600],
        [PRODUCT, 2, 7],
      ]);
    });

    test("of much that is written at once hold all of it that has been answered", async () => {
      const { ledger } = await fresh();
      for (let round = 0; round < 3; round += 1) {
        await Promise.all(
          Array.from({ length: 60 }, (_, i) =>
            ledger.transact(meter([sent({ dimension: `d${round}-${i}` }, { offering: `p${i % 4}` })])),
          ),
        );
        const { usage } = await ledger.sums({ usage: [{ ...ALL, by: [], grain: undefined }] });
        expect(usage[0]?.map(({ amount }) => amount)).toEqual([BigInt(60 * (round + 1))]);
      }
    });
  });
}
