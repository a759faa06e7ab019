/**
 * Merges a product as the operator gives it into the product as it is kept. New prices, units and pricing hold from the coming
 * hour on, or from a later hour that the operator gives; what held in hours that have begun stays. Rule P3.
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

/** A price, and the time from which it holds. */
export interface SaidPrice {
  /** Undefined where there is no price. */
  readonly price: string | undefined;
  /** An hour's edge. Only the first price of a list may lack it: that price holds from the beginning, or as soon as possible. */
  readonly fromMs?: EpochMs | undefined;
}

/** A dimension as the operator gives it. */
export interface SaidDimension extends Omit<Dimension, "earlier"> {
  /** Prices in the order of time, instead of `price`, or beside it; then `price` must be the one in force now. */
  readonly prices?: readonly SaidPrice[] | undefined;
}

export interface SaidProduct extends Omit<Product, "dimensions" | "earlierPricings" | "droppedDimensions"> {
  readonly dimensions: readonly SaidDimension[];
}

/** Why a product cannot be changed like this. */
export interface ProductProblem {
  /** The faulty member of what the operator gave. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** How often a dimension's terms or a product's pricing can have changed, and how many dimensions can have been dropped. */
export const CHANGES_MAX = 500;

/** A product that was not kept before: none of its usage is metered yet, so its prices hold from the beginning. */
export function newProduct({ dimensions, ...same }: SaidProduct): Product {
  return { ...same, dimensions: dimensions.map(newDimension) };
}

/** The product after the change; `held` is undefined where the product is new. */
export function changedProduct(said: SaidProduct, held: Product | undefined, nowMs: EpochMs): Product | ProductProblem {
  const made = held === undefined ? newProduct(said) : productOver(said, held, nowMs);
  if ("message" in made) return made;
  return strayPrice(said, made, nowMs) ?? tooManyChanges(made) ?? made;
}

/** The product with a new price, and without any later price that was planned. Undefined where it has no such dimension. */
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

/** A dimension that usage may have been metered of. Containers' hours have one even where the product names none. */
function heldDimension(held: Product, name: string): Dimension | undefined {
  const found = dimensionEverOf(held, name);
  if (found !== undefined || name !== UNNAMED_HOURS.name) return found;
  const pricings = [held, ...(held.earlierPricings ?? [])];
  const hasRegistered = pricings.some(({ pricing }) => operationsOf(held.type, pricing).includes("RegisterUsage"));
  return hasRegistered ? UNNAMED_HOURS : undefined;
}

/** What this change drops, or was dropped before. Resources that still use a dropped dimension go on at its last price. */
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

/** A price without a time holds from the coming hour on. Prices of hours that have begun only repeat what is held. */
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

/** Prices of hours that have begun may be left out; those that are given must equal the held ones. */
function problemWithPast(said: SaidDimension, held: Dimension, nowMs: EpochMs): ProductProblem | undefined {
  const ofPast = pricesSaid(said).filter((step) => isBegun(step, nowMs));
  // A first price without a time, with no other price of the past after it, holds from the coming hour on.
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

/** The dimension with other terms; the first of the steps holds from the beginning. */
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

/** Where `prices` are given as well, `price` must be the one in force: otherwise it would be unclear which of them was meant. */
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
