/**
 * A product as it is said to be, put in the place of the one that is kept. What is said of prices, units and pricing holds
 * from the coming hour on, or later where that is said; what was in force in hours that have begun stays. Rule P3.
 */
import { operationsOf, iso, type EpochMs } from "@countinghouse/protocol";
import { hourOf } from "../metering/metering-record.ts";
import { BEGINNING, comingHourMs, earlierOf, stepsOf, withoutRepeats, type Step } from "./over-time.ts";
import {
  dimensionEverOf,
  dimensionOf,
  priceAt,
  type Dimension,
  type DroppedDimension,
  type Product,
  type Terms,
  UNNAMED_HOURS,
} from "./product.ts";

/** A price, and from when on it holds. */
export interface SaidPrice {
  /** Undefined for none. */
  readonly price: string | undefined;
  /** An hour's edge. Undefined, as only the first of a list may be: from the beginning, or as soon as may be. */
  readonly fromMs?: EpochMs | undefined;
}

/** A dimension as it is said to be. */
export interface SaidDimension extends Omit<Dimension, "earlier"> {
  /** In the order of time, instead of the one price or beside it: then that is the one in force now. */
  readonly prices?: readonly SaidPrice[] | undefined;
}

export interface SaidProduct extends Omit<Product, "dimensions" | "earlierPricings" | "droppedDimensions"> {
  readonly dimensions: readonly SaidDimension[];
}

/** Why a product cannot be changed so. */
export interface ProductProblem {
  /** Where in what was said the fault is. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** How often a dimension's terms or a product's pricing can have changed, and how many dimensions can have been dropped. */
export const CHANGES_MAX = 500;

/** A product of which nothing was kept before: nothing is metered whose price could change. */
export function newProduct({ dimensions, ...same }: SaidProduct): Product {
  return { ...same, dimensions: dimensions.map(newDimension) };
}

/** The product with what is said of it now; `held` is undefined where there was none. */
export function changedProduct(said: SaidProduct, held: Product | undefined, nowMs: EpochMs): Product | ProductProblem {
  const made = held === undefined ? newProduct(said) : productOver(said, held, nowMs);
  if ("message" in made) return made;
  return strayPrice(said, made, nowMs) ?? tooManyChanges(made) ?? made;
}

/** The product with one price changed, and no other after that one. Undefined where it has no such dimension. */
export function withPrice(
  product: Product,
  name: string,
  { price, fromMs = BEGINNING }: SaidPrice,
  nowMs: EpochMs,
): Product | ProductProblem | undefined {
  const dimension = dimensionOf(product, name);
  if (dimension === undefined) return undefined;
  if (fromMs !== BEGINNING && isBegun({ fromMs }, nowMs)) return { path: ["effectiveFrom"], message: tooEarly(nowMs) };
  const atMs = Math.max(fromMs, comingHourMs(nowMs));
  const steps = stepsOf(termsOf(dimension), dimension.earlier).filter((step) => step.fromMs < atMs);
  const changed = withTerms(dimension, [...steps, { fromMs: atMs, value: { unit: dimension.unit, price } }]);
  const made = { ...product, dimensions: product.dimensions.map((one) => (one === dimension ? changed : one)) };
  return tooManyChanges(made) ?? made;
}

function productOver(
  { dimensions: saidDimensions, ...said }: SaidProduct,
  held: Product,
  nowMs: EpochMs,
): Product | ProductProblem {
  const dimensions: Dimension[] = [];
  for (const [index, saidDimension] of saidDimensions.entries()) {
    const before = heldDimension(held, saidDimension.name);
    const made = before === undefined ? newDimension(saidDimension) : dimensionOver(saidDimension, before, nowMs);
    if ("message" in made) return { ...made, path: ["dimensions", index, ...made.path] };
    dimensions.push(made);
  }
  const pricings = stepsOf({ pricing: held.pricing }, held.earlierPricings);
  const from = { fromMs: comingHourMs(nowMs), value: { pricing: said.pricing } };
  const changed = withoutRepeats([...begun(pricings, nowMs), from], (a, b) => a.pricing === b.pricing);
  const dropped = droppedFrom(held, dimensions, nowMs);
  return {
    ...said,
    ...(changed.length === 1 ? {} : { earlierPricings: earlierOf(changed) }),
    dimensions,
    ...(dropped.length === 0 ? {} : { droppedDimensions: dropped }),
  };
}

/** A dimension that something may have been metered of. Hours of containers have one though their product names none. */
function heldDimension(held: Product, name: string): Dimension | undefined {
  const found = dimensionEverOf(held, name);
  if (found !== undefined || name !== UNNAMED_HOURS.name) return found;
  const pricings = [held, ...(held.earlierPricings ?? [])];
  const hasRegistered = pricings.some(({ pricing }) => operationsOf(held.type, pricing).includes("RegisterUsage"));
  return hasRegistered ? UNNAMED_HOURS : undefined;
}

/** What resources that have registered go on to use of a dropped dimension costs what it cost last. */
function droppedFrom(held: Product, dimensions: readonly Dimension[], nowMs: EpochMs): DroppedDimension[] {
  const names = new Set(dimensions.map(({ name }) => name));
  const before = held.droppedDimensions ?? [];
  const now = held.dimensions.map((dimension) => ({
    ...withTerms(dimension, begun(stepsOf(termsOf(dimension), dimension.earlier), nowMs)),
    droppedAtMs: nowMs,
  }));
  return [...before, ...now].filter(({ name }) => !names.has(name));
}

function newDimension(said: SaidDimension): Dimension {
  const { unit } = said;
  const steps = pricesSaid(said).map(({ price, fromMs = BEGINNING }) => ({ fromMs, value: { unit, price } }));
  const isFromBeginning = steps[0]?.fromMs === BEGINNING;
  const unpriced = { fromMs: BEGINNING, value: { unit, price: undefined } };
  return withTerms(said, isFromBeginning ? steps : [unpriced, ...steps]);
}

/** Undated, a price is from the coming hour on; of dated ones, those of hours that have begun only say what is held. */
function dimensionOver(said: SaidDimension, held: Dimension, nowMs: EpochMs): Dimension | ProductProblem {
  const problem = problemWithPast(said, held, nowMs);
  if (problem !== undefined) return problem;
  const { unit } = said;
  const fromMs = comingHourMs(nowMs);
  const prices = pricesSaid(said);
  const saidOfPast = prices.findLast((step) => isBegun(step, nowMs));
  const current = saidOfPast === undefined ? priceAt(held, hourOf(nowMs)) : saidOfPast.price;
  const ahead = prices.flatMap((step) => (step.fromMs === undefined || isBegun(step, nowMs) ? [] : [step]));
  return withTerms(said, [
    ...begun(stepsOf(termsOf(held), held.earlier), nowMs),
    ...(ahead[0]?.fromMs === fromMs ? [] : [{ fromMs, value: { unit, price: current } }]),
    ...ahead.map(({ price, fromMs: aheadMs = fromMs }) => ({ fromMs: aheadMs, value: { unit, price } })),
  ]);
}

/** Prices of hours that have begun may be left out; those that are said must be the ones that are held. */
function problemWithPast(said: SaidDimension, held: Dimension, nowMs: EpochMs): ProductProblem | undefined {
  const ofPast = pricesSaid(said).filter((step) => isBegun(step, nowMs));
  // A first price without a time, and none of the past after it, is from the coming hour on.
  if (ofPast.length === 1 && ofPast[0]?.fromMs === undefined) return undefined;
  const index = ofPast.findIndex(({ price, fromMs = BEGINNING }) => priceAt(held, hourOf(fromMs)) !== price);
  const stray = ofPast[index];
  if (stray === undefined) return undefined;
  const since = stray.fromMs === undefined ? "the beginning" : iso(stray.fromMs);
  const message = `is another price than was in force from ${since} on: ${tooEarly(nowMs)}`;
  return { path: ["prices", index], message };
}

function tooEarly(nowMs: EpochMs): string {
  const earliest = iso(comingHourMs(nowMs));
  return `the price of an hour that has begun never changes; effectiveFrom can be ${earliest} or later`;
}

function isBegun({ fromMs = BEGINNING }: { readonly fromMs?: EpochMs | undefined }, nowMs: EpochMs): boolean {
  return fromMs < comingHourMs(nowMs);
}

function begun<T>(steps: readonly Step<T>[], nowMs: EpochMs): Step<T>[] {
  return steps.filter((step) => isBegun(step, nowMs));
}

function pricesSaid({ price, prices }: SaidDimension): readonly SaidPrice[] {
  return prices ?? [{ price }];
}

function termsOf({ unit, price }: Terms): Terms {
  return { unit, price };
}

/** The dimension with other terms; the first of them hold from the beginning. */
function withTerms({ name, description, kind }: Omit<Dimension, "earlier">, steps: readonly Step<Terms>[]): Dimension {
  const changes = withoutRepeats(steps, (a, b) => a.unit === b.unit && a.price === b.price);
  const last = changes.at(-1)?.value;
  return {
    name,
    description,
    unit: last?.unit,
    price: last?.price,
    kind,
    ...(changes.length <= 1 ? {} : { earlier: earlierOf(changes) }),
  };
}

/** The price is the one in force where prices are given as well; anything else would leave open which of them was meant. */
function strayPrice(said: SaidProduct, made: Product, nowMs: EpochMs): ProductProblem | undefined {
  for (const [index, { price, prices }] of said.dimensions.entries()) {
    const dimension = made.dimensions[index];
    if (price === undefined || prices === undefined || dimension === undefined) continue;
    const inForce = priceAt(dimension, hourOf(nowMs));
    if (price === inForce) continue;
    const message = `is not the price in force by prices (${inForce ?? "none"}): change prices, or leave one of them out`;
    return { path: ["dimensions", index, "price"], message };
  }
  return undefined;
}

function tooManyChanges({
  dimensions,
  droppedDimensions = [],
  earlierPricings = [],
}: Product): ProductProblem | undefined {
  const index = dimensions.findIndex(({ earlier = [] }) => earlier.length > CHANGES_MAX);
  if (index !== -1) {
    const message = `can have changed its price or unit ${CHANGES_MAX} times at most; a dimension of another name begins anew`;
    return { path: ["dimensions", index], message };
  }
  if (earlierPricings.length > CHANGES_MAX) {
    return { path: ["pricing"], message: `can have changed ${CHANGES_MAX} times at most` };
  }
  if (droppedDimensions.length <= CHANGES_MAX) return undefined;
  return { path: ["dimensions"], message: `can have lost ${CHANGES_MAX} at most, whose use stays reported` };
}
