/**
 * Whatever sellers, resources and the operator do, every table of usage and every report says what a second, naive reading of all
 * listed records says.
 */
import { describe, expect, onTestFinished, test } from "vitest";
import {
  BUYERS,
  BusyMarket,
  HOSTILE,
  HOURLY,
  LOGS,
  OTHER_SELLER,
  RUNNER,
  START_MS,
  TASKS,
  TWISTED,
  keyOf,
} from "../support/busy-market.ts";
import {
  grouped,
  heldAt,
  isWithin,
  MEMBERS,
  moneyOf,
  unitsOf,
  type Amount,
  type PriceOf,
} from "../support/naive-sums.ts";
import type { ListedRecord } from "../support/operator-api.ts";
import { newDatabase, nodeArgs, testOfPostgres } from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";

const SEED = Number(process.env["READING_SEED"] ?? Date.now() % 0x8000_0000);
const STEPS = Number(process.env["READING_STEPS"] ?? 40);
const HOUR_MS = 3_600_000;
const MONTHS = ["2026-03", "2026-04"];
const iso = (atMs: number): string => new Date(atMs).toISOString();

class Reading {
  readonly #market: BusyMarket;

  constructor(market: BusyMarket) {
    this.#market = market;
  }

  async #get<T>(path: string): Promise<T> {
    const { status, body } = await this.#market.server.operator("GET", path);
    expect(status, `${path}: ${JSON.stringify(body)}`).toBe(200);
    return body as T;
  }

  async #records(between: () => Promise<void> = () => Promise.resolve()): Promise<readonly ListedRecord[]> {
    const records: ListedRecord[] = [];
    let cursor: string | undefined;
    do {
      const more = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.#get<{ items: ListedRecord[]; nextCursor?: string }>(`/metering-records?limit=7${more}`);
      records.push(...page.items);
      cursor = page.nextCursor;
      await between();
    } while (cursor !== undefined);
    expect(new Set(records.map(({ meteringRecordId }) => meteringRecordId)).size).toBe(records.length);
    return records;
  }

  /** Pages are read while sellers go on: what was there before is in them, and nothing is twice. */
  async #checkPages(): Promise<void> {
    const before = (await this.#records()).map(({ meteringRecordId }) => meteringRecordId);
    const market = this.#market;
    let left = 3;
    const during = await this.#records(async () => {
      if (left > 0) await market.batch();
      left -= 1;
    });
    const ids = during.map(({ meteringRecordId }) => meteringRecordId);
    expect(before.filter((id) => !ids.includes(id))).toEqual([]);
  }

  async check(): Promise<void> {
    await this.#checkPages();
    const amounts = (await this.#records()).map((record): Amount => {
      const { productCode, customerIdentifier, customerAccountId, dimension, region, hour, quantity } = record;
      return {
        hourMs: Date.parse(hour),
        product: productCode,
        customer: customerAccountId ?? this.#market.accountOf(productCode, customerIdentifier ?? ""),
        dimension,
        region,
        isTime: "accrued" in record,
        amount: BigInt(quantity),
      };
    });
    for (let i = 0; i < 8; i += 1) await this.#checkUsage(amounts);
    const reckoned = [...amounts.filter(({ isTime }) => !isTime), ...(await this.#runningTime())];
    for (const month of MONTHS) await this.#checkReports(month, reckoned);
    await this.#checkAnswers();
    await this.#checkMarks();
  }

  readonly #priceOf: PriceOf = ({ product, dimension, hourMs }) =>
    heldAt(this.#market.prices.get(keyOf(product, dimension)) ?? [], hourMs);

  async #checkUsage(amounts: readonly Amount[]): Promise<void> {
    const { random } = this.#market;
    const by = ["product", "customer", "dimension", "region"].filter(() => random.fraction() < 0.5);
    const grain = random.pick([[], [], ["hour"], ["day"], ["month"]]);
    const groupBy = random.pick([
      [...by, ...grain],
      [...grain, ...by.toReversed()],
    ]);
    const some = <T>(values: readonly T[]): T | undefined =>
      random.fraction() < 0.3 ? random.pick(values) : undefined;
    const productCode = some([LOGS, TWISTED, TASKS, HOURLY]);
    const customerAccountId = some([...BUYERS, RUNNER]);
    const dimension = some([...HOSTILE, "calls", "gb_ingested", "running"]);
    const from = START_MS - random.whole(0, 30) * HOUR_MS + random.whole(0, 59) * 60_000;
    const to = from + random.whole(1, 72) * HOUR_MS + random.whole(0, 59) * 60_000;
    const asked = { groupBy: groupBy.join(","), measure: "money", productCode, customerAccountId, dimension };
    const query = new URLSearchParams({ from: iso(from), to: iso(to) });
    for (const [name, value] of Object.entries(asked)) if (value !== undefined) query.set(name, value);
    const { items } = await this.#get<{ items: Readonly<Record<string, string>>[] }>(`/usage?${query.toString()}`);
    const meant = amounts.filter(
      (one) =>
        isWithin(one, from, to) &&
        (productCode ?? one.product) === one.product &&
        (customerAccountId ?? one.customer) === one.customer &&
        (dimension ?? one.dimension) === one.dimension,
    );
    const expected = [...grouped(meant, (one) => groupBy.map((name) => MEMBERS[name]?.(one) ?? ""))].map(
      ([key, group]) => [...(JSON.parse(key) as string[]), unitsOf(group), moneyOf(group, this.#priceOf) ?? "-"],
    );
    const said = items.map((cell) => [...groupBy.map((name) => cell[name]), cell["units"], cell["money"] ?? "-"]);
    expect(inOrder(said), query.toString()).toEqual(inOrder(expected));
  }

  /** Of resources, as each is told hour by hour. */
  async #runningTime(): Promise<readonly Amount[]> {
    const amounts: Amount[] = [];
    for (const { session } of this.#market.sessions) {
      const path = `/resources/${session.resourceId}/use?from=2026-03-25T00:00:00Z&to=2026-04-20T00:00:00Z`;
      const { hours } = await this.#get<{ hours: HourOfUse[] }>(path);
      for (const { hour, productCode: product, dimension, seconds } of hours) {
        const who = { product, customer: RUNNER, dimension, region: session.region };
        amounts.push({ ...who, hourMs: Date.parse(hour), isTime: true, amount: BigInt(seconds) });
      }
    }
    return amounts;
  }

  async #checkReports(month: string, amounts: readonly Amount[]): Promise<void> {
    const ofMonth = amounts.filter((one) => MEMBERS["month"]?.(one) === month);
    const unitOf = ({ product, dimension, hourMs, isTime }: Amount): string =>
      isTime ? "Hours" : heldAt(this.#market.units.get(keyOf(product, dimension)) ?? [], hourMs);
    const rows = async (name: string): Promise<readonly Readonly<Record<string, string | number>>[]> =>
      (await this.#get<{ rows: Record<string, string | number>[] }>(`/reports/${name}?month=${month}&format=json`))
        .rows;
    const agreements = (await this.#get<{ items: Agreement[] }>("/agreements?limit=1000")).items;
    for (const [name, ofWhom] of [
      ["usage-by-instance-type", ({ customer }: Amount): string => customer],
      ["agreement-statement", (one: Amount): string => agreementOf(one, agreements)],
    ] as const) {
      const expected = [...grouped(ofMonth, (one) => [ofWhom(one), one.product, one.dimension, unitOf(one)])].map(
        ([key, group]) => [...(JSON.parse(key) as string[]), unitsOf(group), moneyOf(group, this.#priceOf) ?? "-"],
      );
      const said = (await rows(name))
        .filter(({ usageUnits }) => usageUnits !== undefined)
        .map((row) => [
          row["agreementId"] ?? row["customerAccountId"],
          ...["productCode", "dimension", "usageUnitType", "usageUnits"].map((member) => row[member]),
          row["estimatedRevenue"] ?? "-",
        ]);
      expect(inOrder(said), name).toEqual(inOrder(expected));
    }
    const ofSeller = `usage-by-instance-type?month=${month}&format=json&sellerAccountId=${OTHER_SELLER}`;
    const { rows: sold } = await this.#get<{ rows: { productCode: string; usageUnits: string }[] }>(
      `/reports/${ofSeller}`,
    );
    expect(sold).toEqual((await rows("usage-by-instance-type")).filter(({ productCode }) => productCode === TWISTED));
    const byDay = [...grouped(ofMonth, (one) => [MEMBERS["day"]?.(one) ?? "", one.product])].map(([key, group]) => [
      ...(JSON.parse(key) as string[]),
      moneyOf(group, this.#priceOf) ?? "-",
    ]);
    const days = (await rows("revenue-by-day")).map((row) => [
      row["day"],
      row["productCode"],
      row["estimatedRevenue"] ?? "-",
    ]);
    expect(inOrder(days)).toEqual(inOrder(byDay));
  }

  async #checkMarks(): Promise<void> {
    const { answered, random } = this.#market;
    const grain = random.pick(["hour", "day"]);
    const productCode = random.pick([undefined, LOGS, TWISTED, TASKS]);
    const query = `grain=${grain}${productCode === undefined ? "" : `&productCode=${productCode}`}`;
    const range = "from=2026-03-25T00:00:00Z&to=2026-04-20T00:00:00Z";
    const { items } = await this.#get<{ items: Record<string, string | number>[] }>(`/usage/marks?${range}&${query}`);
    const isOpen = (sent: (typeof answered)[number], i: number): boolean =>
      sent.what === "duplicate" ||
      (sent.what === "refused" &&
        !answered
          .slice(i + 1)
          .some(
            (one) =>
              one.what === "accepted" &&
              one.product === sent.product &&
              one.customer === sent.customer &&
              one.dimension === sent.dimension &&
              one.hourMs === sent.hourMs,
          ));
    const marked = answered.filter((one, i) => (productCode ?? one.product) === one.product && isOpen(one, i));
    const timeOf = (one: (typeof answered)[number]): string => MEMBERS[grain]?.({ ...one, ...NO_AMOUNT }) ?? "";
    const expected = [...grouped(marked, (one) => [one.product, one.customer, one.dimension, timeOf(one)])].map(
      ([key, group]) => {
        const duplicates = group.filter(({ what }) => what === "duplicate").length;
        return [...(JSON.parse(key) as string[]), duplicates, group.length - duplicates];
      },
    );
    const said = items
      .filter(({ product }) => product !== HOURLY)
      .map((mark) => [
        ...["product", "customer", "dimension", grain].map((member) => mark[member]),
        mark["duplicates"] ?? 0,
        mark["refused"] ?? 0,
      ]);
    expect(inOrder(said), query).toEqual(inOrder(expected));
  }

  /** Counts of what the wire has answered to sellers. */
  async #checkAnswers(): Promise<void> {
    for (const month of MONTHS) {
      const answered = this.#market.answered.filter((one) => one.month === month && one.product !== TASKS);
      const rowsOf = async (name: string): Promise<readonly Readonly<Record<string, string | number>>[]> =>
        (await this.#get<{ rows: Record<string, string | number>[] }>(`/reports/${name}?month=${month}&format=json`))
          .rows;
      const again = answered.filter(({ what }) => what === "duplicate" || what === "replay");
      const expected = [...grouped(again, (one) => [one.product, one.customer, one.dimension])].map(([key, group]) => {
        const duplicates = group.filter(({ what }) => what === "duplicate");
        const units = duplicates.reduce((sum, one) => sum + one.units, 0n);
        return [...(JSON.parse(key) as string[]), duplicates.length, String(units), group.length - duplicates.length];
      });
      const said = (await rowsOf("duplicates"))
        .filter(({ productCode }) => productCode !== TASKS)
        .map((row) =>
          ["productCode", "customerAccountId", "dimension", "refusedDuplicates", "refusedUnits", "replays"].map(
            (name) => row[name],
          ),
        );
      expect(inOrder(said)).toEqual(inOrder(expected));
      const accepted = answered.filter(({ what }) => what === "accepted");
      for (const product of [LOGS, TWISTED]) {
        const ages = (await rowsOf("lateness")).filter(({ productCode }) => productCode === product);
        const wanted = accepted.filter((one) => one.product === product);
        expect(ages.reduce((sum, { records }) => sum + Number(records), 0)).toBe(wanted.length);
        const units = ages.reduce((sum, row) => sum + BigInt(row["units"] ?? 0), 0n);
        expect(units).toBe(wanted.reduce((sum, one) => sum + one.units, 0n));
      }
      const late = (await rowsOf("refusals-by-rule")).filter(
        ({ operation, code }) => operation === "BatchMeterUsage" && code === "TimestampOutOfBoundsException",
      );
      const refused = this.#market.refusedCalls.filter((one) => one === month).length;
      expect(late.reduce((sum, { refusedCalls }) => sum + Number(refusedCalls), 0)).toBe(refused);
    }
  }
}

interface HourOfUse {
  readonly hour: string;
  readonly productCode: string;
  readonly dimension: string;
  readonly seconds: number;
}

interface Agreement {
  readonly agreementId: string;
  readonly productCode: string;
  readonly customerAccountId: string;
  readonly startsAt: string;
  readonly endsAt?: string;
}

/** The one that began last, of those that held in the hour; else the one that had begun last. */
function agreementOf({ product, customer, hourMs }: Amount, agreements: readonly Agreement[]): string {
  const begun = agreements
    .filter((one) => one.productCode === product && one.customerAccountId === customer)
    .filter(({ startsAt }) => Date.parse(startsAt) < hourMs + HOUR_MS)
    .toSorted((a, b) => Date.parse(b.startsAt) - Date.parse(a.startsAt));
  const held = begun.find(({ endsAt }) => endsAt === undefined || Date.parse(endsAt) > hourMs);
  return (held ?? begun[0])?.agreementId ?? "";
}

const NO_AMOUNT = { region: "", isTime: false, amount: 0n };

function inOrder(rows: readonly (readonly unknown[])[]): readonly string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

async function live(store: readonly string[], sumsFile?: string): Promise<void> {
  const market = await BusyMarket.begin(store, SEED, sumsFile);
  onTestFinished(() => market.server.kill());
  const reading = new Reading(market);
  try {
    for (let i = 1; i <= STEPS; i += 1) {
      await market.step();
      if (i % 20 === 0) await reading.check();
    }
  } catch (error) {
    throw new Error(`READING_SEED=${SEED} repeats this.\n${(error as Error).message}`, { cause: error });
  }
}

describe("tables of usage and reports are a second reading of all records", () => {
  test("in SQLite", async () => {
    const folder = `${newFolder()}/data`;
    await live(["--store", `sqlite:${folder}`], `${folder}/sums.db`);
  });

  testOfPostgres()("in PostgreSQL", async () => {
    const database = await newDatabase();
    onTestFinished(() => database.remove());
    await live(nodeArgs(database.url, newFolder()));
  });
});
