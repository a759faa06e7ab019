import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hourOf } from "../metering/metering-record.ts";
import {
  CHANGES_MAX,
  changedProduct,
  newProduct,
  withPrice,
  type SaidDimension,
  type SaidPrice,
  type SaidProduct,
} from "./product-change.ts";
import { dimensionEverOf, dimensionOf, priceAt, pricesOf, pricingIn, termsIn, type Product } from "./product.ts";

const START_MS = Date.UTC(2026, 2, 10, 12, 20);
const START = hourOf(START_MS);
const atHour = (hours: number): number => (START + hours) * HOUR_MS;

function said(dimensions: readonly SaidDimension[], over: Partial<SaidProduct> = {}): SaidProduct {
  return { productCode: "p", title: "P", seller: "111122223333", type: "saas", pricing: "usage", ...over, dimensions };
}

const gb = (over: Partial<SaidDimension> = {}): SaidDimension => ({ name: "gb", kind: "metered", ...over });

function changed(what: SaidProduct, held: Product | undefined, nowMs = START_MS): Product {
  const made = changedProduct(what, held, nowMs);
  if ("message" in made) throw new Error(`${made.path.join(".")}: ${made.message}`);
  return made;
}

/** The price of each hour, from the hour of the start on. */
const priced = (product: Product, name = "gb", hours = 5): (string | undefined)[] =>
  Array.from({ length: hours }, (_, i) => priceAt(dimensionEverOf(product, name) ?? gb(), START + i));

const stray = (price: string, first: string | undefined): unknown =>
  changedProduct(said([gb(), gb({ name: "calls", price, prices: [{ price: first }] })]), undefined, START_MS);

const message = (inForce: string): string =>
  `is not the price in force by prices (${inForce}): change prices, or leave one of them out`;

const otherSince = (since: string): unknown =>
  expect.stringContaining(`is another price than was in force from ${since} on: the price of an hour that has begun`);

describe("Rule P3: a price", () => {
  test("of hours that have begun is told with the time from which on another one is in force", () => {
    const held = changed(said([gb({ prices: [{ price: "1" }, { price: "2", fromMs: atHour(0) }] })]), undefined);
    const problem = (first: string, second: string): unknown =>
      changedProduct(
        said([gb({ prices: [{ price: first }, { price: second, fromMs: atHour(0) }] })]),
        held,
        START_MS + HOUR_MS,
      );
    expect(problem("1", "2")).not.toHaveProperty("message");
    expect(problem("3", "2")).toMatchObject({
      path: ["dimensions", 0, "prices", 0],
      message: otherSince("the beginning"),
    });
    expect(problem("1", "3")).toMatchObject({
      path: ["dimensions", 0, "prices", 1],
      message: otherSince(new Date(atHour(0)).toISOString()),
    });
  });

  test("beside others must be the one in force by them", () => {
    const path = ["dimensions", 1, "price"];
    expect(stray("1", "1")).not.toHaveProperty("message");
    expect(stray("1", "2")).toEqual({ path, message: message("2") });
    expect(stray("1", undefined)).toEqual({ path, message: message("none") });
  });

  test("of a ledger of earlier versions, which kept one without a time, holds from the beginning", () => {
    const kept: Product = { ...said([]), dimensions: [{ name: "gb", price: "0.25", unit: "GB", kind: "metered" }] };
    const [dimension = gb()] = kept.dimensions;
    expect([-1_000_000, 0, 1_000_000].map((hours) => priceAt(dimension, START + hours))).toEqual([
      "0.25",
      "0.25",
      "0.25",
    ]);
    expect(pricingIn(kept, 0)).toBe("usage");
    const after = changed(said([gb({ price: "1", unit: "TB" })], { pricing: "free" }), kept);
    expect(priced(after)).toEqual(["0.25", "1", "1", "1", "1"]);
    expect([0, 1].map((hours) => termsIn(after.dimensions[0] ?? gb(), START + hours).unit)).toEqual(["GB", "TB"]);
    expect([0, 1].map((hours) => pricingIn(after, START + hours))).toEqual(["usage", "free"]);
  });

  test("that is said again, and whatever else of the dimension is, leaves no trace of the time", () => {
    const before = newProduct(said([gb({ price: "1", unit: "GB" })]));
    expect(changed(said([gb({ price: "1", unit: "GB" })]), before)).toEqual(before);
    const described = changed(
      said([gb({ price: "1", unit: "GB", description: "Gigabytes", kind: "entitled" })]),
      before,
    );
    expect(described.dimensions[0]).not.toHaveProperty("earlier");
    const takenBack = changed(said([gb({ price: "1", unit: "GB" })]), changed(said([gb({ price: "2" })]), before));
    expect(takenBack, "before it was in force").toEqual(before);
  });

  test.each<[string, readonly SaidPrice[], readonly (string | undefined)[]]>([
    ["now", [{ price: "2" }], ["1", "2", "2", "2", "2"]],
    ["later", [{ price: "2", fromMs: atHour(3) }], ["1", "1", "1", "2", "2"]],
    ["now, and later", [{ price: "2" }, { price: "3", fromMs: atHour(2) }], ["1", "2", "3", "3", "3"]],
    ["in the coming hour, named", [{ price: "2", fromMs: atHour(1) }], ["1", "2", "2", "2", "2"]],
    ["with its past", [{ price: "1" }, { price: "1", fromMs: atHour(-5) }, { price: "2", fromMs: atHour(2) }], ["1", "1", "2", "2", "2"]],
    ["taken away", [{ price: undefined }], ["1", undefined, undefined, undefined, undefined]],
    ["taken away for a while", [{ price: undefined, fromMs: atHour(1) }, { price: "1", fromMs: atHour(3) }], ["1", undefined, undefined, "1", "1"]],
  ])("may be said %s", (_how, prices, expected) => {
    const before = newProduct(said([gb({ price: "1" })]));
    const pending = changed(said([gb({ prices: [{ price: "9", fromMs: atHour(1) }, { price: "8", fromMs: atHour(4) }] })]), before);
    for (const held of [before, pending]) expect(priced(changed(said([gb({ prices })]), held))).toEqual(expected);
  }); // prettier-ignore

  test("that is set from an hour on withdraws what was to come after it, and leaves what comes before", () => {
    const prices = [
      { price: "2", fromMs: atHour(1) },
      { price: "3", fromMs: atHour(3) },
    ];
    const before = changed(said([gb({ prices })]), newProduct(said([gb({ price: "1" })])));
    const set = (fromMs?: number): unknown => withPrice(before, "gb", { price: "5", fromMs }, START_MS);
    expect(priced(set(atHour(2)) as Product)).toEqual(["1", "2", "5", "5", "5"]);
    expect(priced(set() as Product)).toEqual(["1", "5", "5", "5", "5"]);
    expect(set(atHour(0))).toMatchObject({ path: ["effectiveFrom"] });
    expect(withPrice(before, "other", { price: "1" }, START_MS)).toBeUndefined();
  });

  test("of a container's hours, which are metered though no dimension says so, holds from the coming hour when it is first said", () => {
    const container = { type: "container", pricing: "hourly" } as const;
    const hours = gb({ name: "Hours", kind: "hours", price: "0.36" });
    const after = changed(said([hours], container), newProduct(said([], container)));
    expect(priced(after, "Hours", 2)).toEqual([undefined, "0.36"]);
    const named = gb({ name: "Running", kind: "hours", price: "1" });
    const both = changed(
      said([named, hours], container),
      changed(said([named], container), newProduct(said([], container))),
    );
    expect([priced(both, "Running", 2), priced(both, "Hours", 2)], "beside another that was named later").toEqual([
      ["1", "1"],
      [undefined, "0.36"],
    ]);
    const ended = changed(said([], { ...container, pricing: "usage" }), newProduct(said([], container)));
    expect(priced(changed(said([hours], { ...container, pricing: "usage" }), ended), "Hours", 2)).toEqual([
      undefined,
      "0.36",
    ]);
    expect(priced(changed(said([hours], container), undefined), "Hours", 2)).toEqual(["0.36", "0.36"]);
    const metered = { type: "container", pricing: "usage" } as const;
    expect(priced(changed(said([gb({ price: "1" })], metered), newProduct(said([], metered))), "gb", 2)).toEqual([
      "1",
      "1",
    ]);
  });

  test("of a dropped dimension goes on for what still runs; what was to come later is withdrawn", () => {
    const prices = [{ price: "1" }, { price: "2", fromMs: atHour(2) }];
    const dropped = changed(said([]), newProduct(said([gb({ prices })])));
    expect(dimensionOf(dropped, "gb")).toBeUndefined();
    expect(priced(dropped)).toEqual(["1", "1", "1", "1", "1"]);
    const back = changed(said([gb({ price: "7" })]), changed(said([]), dropped, atHour(1)), atHour(2));
    expect(priced(back)).toEqual(["1", "1", "1", "7", "7"]);
    expect(back).not.toHaveProperty("droppedDimensions");
  });
});

describe("a product that would be kept without bounds is refused:", () => {
  test("prices", () => {
    const prices = Array.from({ length: CHANGES_MAX + 1 }, (_, i) => ({ price: `${i}`, fromMs: atHour(i + 1) }));
    const before = newProduct(said([gb({ price: "x" })]));
    expect(changedProduct(said([gb(), gb({ name: "other", prices })]), before, START_MS)).toMatchObject({
      path: ["dimensions", 1],
      message: expect.stringContaining(`${CHANGES_MAX} times`) as string,
    });
    expect(pricesOf(changed(said([gb({ prices: prices.slice(1) })]), before).dimensions[0] ?? gb())).toHaveLength(
      CHANGES_MAX + 1,
    );
  });

  test("dimensions that it had", () => {
    let product = newProduct(said([]));
    const next = (i: number): SaidProduct => said([gb({ name: `d${i}` })]);
    for (let i = 0; i <= CHANGES_MAX; i += 1) product = changed(next(i), product);
    expect(changedProduct(next(CHANGES_MAX + 1), product, START_MS)).toMatchObject({ path: ["dimensions"] });
  });

  test("pricings", () => {
    let product = newProduct(said([]));
    const next = (i: number): SaidProduct => said([], { pricing: i % 2 === 0 ? "free" : "usage" });
    for (let i = 0; i < CHANGES_MAX; i += 1) product = changed(next(i), product, atHour(i));
    expect(changedProduct(next(CHANGES_MAX), product, atHour(CHANGES_MAX))).toMatchObject({ path: ["pricing"] });
  });
});

/** Terms that an operator gives, some time after the terms before. */
interface Saying {
  readonly afterMinutes: number;
  readonly dimensions: readonly {
    readonly name: string;
    readonly unit: string | undefined;
    readonly first: string | undefined;
    readonly later: readonly { readonly price: string | undefined; readonly afterHours: number }[];
  }[];
}

const price = fc.constantFrom("1", "2", "3", undefined);
const saying: fc.Arbitrary<Saying> = fc.record({
  afterMinutes: fc.nat(150),
  dimensions: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom("a", "b"),
      unit: fc.constantFrom("GB", undefined),
      first: price,
      later: fc.uniqueArray(fc.record({ price, afterHours: fc.integer({ min: 1, max: 5 }) }), {
        maxLength: 2,
        selector: ({ afterHours }) => afterHours,
      }),
    }),
    { selector: ({ name }) => name, maxLength: 2 },
  ),
});

/** The product with these terms, from the coming hour on. */
const saidAt = ({ dimensions }: Saying, nowMs: number): SaidProduct =>
  said(
    dimensions.map(({ name, unit, first, later }) => {
      const dated = later.toSorted((a, b) => a.afterHours - b.afterHours);
      const prices = dated.map((step) => ({ price: step.price, fromMs: (hourOf(nowMs) + step.afterHours) * HOUR_MS }));
      return gb({ name, unit, prices: [{ price: first }, ...prices] });
    }),
  );

test("Rule P3: whatever is said, in whatever order, an hour has the terms that were last said before it began", () => {
  fc.assert(
    fc.property(fc.array(saying, { minLength: 1, maxLength: 8 }), (sayings) => {
      let product: Product | undefined;
      let nowMs = START_MS;
      const told: { readonly hour: number; readonly saying: Saying }[] = [];
      const begun = new Map<string, unknown>();
      for (const one of sayings) {
        nowMs += one.afterMinutes * 60_000;
        product = changed(saidAt(one, nowMs), product, nowMs);
        told.push({ hour: hourOf(nowMs), saying: one });
        for (const name of ["a", "b"]) {
          const dimension = dimensionEverOf(product, name);
          if (dimension === undefined) continue;
          for (let hour = START; hour <= hourOf(nowMs) + 6; hour += 1) {
            const terms = { unit: termsIn(dimension, hour).unit, price: priceAt(dimension, hour) };
            expect(terms, `${name} in hour ${hour - START}`).toEqual(secondReading(told, name, hour));
            if (hour > hourOf(nowMs)) continue;
            const key = `${name} ${hour}`;
            if (begun.has(key)) expect(terms).toEqual(begun.get(key));
            begun.set(key, terms);
          }
        }
      }
    }),
  );
});

/** The rule in a second form: the terms given last before the hour began, or the very first terms. */
function secondReading(
  told: readonly { readonly hour: number; readonly saying: Saying }[],
  name: string,
  hour: number,
): unknown {
  const of = told.map(({ hour: saidIn, saying: { dimensions } }) => ({
    saidIn,
    dimension: dimensions.find((one) => one.name === name),
  }));
  const first = of.findIndex(({ dimension }) => dimension !== undefined);
  const rest = of.slice(first);
  const index = Math.max(
    0,
    rest.findLastIndex(({ saidIn }) => saidIn < hour),
  );
  const { saidIn, dimension } = rest[index] ?? { saidIn: 0, dimension: undefined };
  // For hours after the dimension was dropped, its terms are those of the time when it was dropped.
  if (dimension === undefined) return secondReading(told.slice(0, first + index), name, saidIn);
  const step = dimension.later
    .toSorted((a, b) => a.afterHours - b.afterHours)
    .findLast(({ afterHours }) => saidIn + afterHours <= hour);
  return { unit: dimension.unit, price: step === undefined ? dimension.first : step.price };
}
