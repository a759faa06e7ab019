/**
 * Sums and money worked out a second time, naively: from the records that the ledger lists, and from what a test knows of prices and
 * units, hour by hour. It shares no code with the server.
 */

const HOUR_MS = 3_600_000;
/** Prices are counted in units of 10^-12 dollars. */
const PRICE_DIGITS = 12;
const PLACES = 8n;

/** A value that holds from an hour on. */
export interface Step<T> {
  readonly fromMs: number;
  readonly value: T;
}

export function heldAt<T>(steps: readonly Step<T>[], atMs: number): T {
  const held = steps.filter(({ fromMs }) => fromMs <= atMs).at(-1) ?? steps[0];
  return (held as Step<T>).value;
}

/** Units or seconds of an hour. */
export interface Amount {
  readonly hourMs: number;
  readonly product: string;
  readonly customer: string;
  readonly dimension: string;
  readonly region: string;
  readonly isTime: boolean;
  readonly amount: bigint;
}

/** Undefined: it has no price. */
export type PriceOf = (amount: Amount) => string | undefined;

/** Counted units, and hours, in decimals. */
export function unitsOf(amounts: readonly Amount[]): string {
  const seconds = amounts.reduce((sum, { isTime, amount }) => sum + (isTime ? amount : amount * 3_600n), 0n);
  return decimal(seconds, 3_600n);
}

export function moneyOf(amounts: readonly Amount[], priceOf: PriceOf): string | undefined {
  const priced = amounts.filter((amount) => priceOf(amount) !== undefined);
  if (priced.length === 0) return undefined;
  const total = priced.reduce((sum, amount) => {
    const worth = amount.amount * scaled(priceOf(amount) ?? "");
    return sum + (amount.isTime ? worth : worth * 3_600n);
  }, 0n);
  return decimal(total, 3_600n * 10n ** BigInt(PRICE_DIGITS));
}

function scaled(price: string): bigint {
  const [whole = "", fraction = ""] = price.split(".");
  return BigInt(whole + fraction.padEnd(PRICE_DIGITS, "0"));
}

/** A fraction, rounded half to even to eight places. */
function decimal(numerator: bigint, denominator: bigint): string {
  const isBelow = numerator < 0n;
  const scale = 10n ** PLACES;
  const exact = (isBelow ? -numerator : numerator) * scale;
  let rounded = exact / denominator;
  const twice = (exact % denominator) * 2n;
  if (twice > denominator || (twice === denominator && rounded % 2n === 1n)) rounded += 1n;
  const fraction = String(rounded % scale)
    .padStart(Number(PLACES), "0")
    .replace(/0+$/, "");
  const text = fraction === "" ? `${rounded / scale}` : `${rounded / scale}.${fraction}`;
  return isBelow && rounded !== 0n ? `-${text}` : text;
}

const iso = (atMs: number): string => new Date(atMs).toISOString();

/** How each group of `GET /usage` tells amounts apart. */
export const MEMBERS: Readonly<Record<string, (amount: Amount) => string>> = {
  product: ({ product }) => product,
  customer: ({ customer }) => customer,
  dimension: ({ dimension }) => dimension,
  region: ({ region }) => region,
  hour: ({ hourMs }) => iso(hourMs).replace(".000Z", "Z"),
  day: ({ hourMs }) => iso(hourMs).slice(0, 10),
  month: ({ hourMs }) => iso(hourMs).slice(0, 7),
};

/** By what `keyOf` says of each. */
export function grouped<T>(all: readonly T[], keyOf: (one: T) => readonly string[]): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const one of all) {
    const key = JSON.stringify(keyOf(one));
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return groups;
}

export function isWithin({ hourMs }: Pick<Amount, "hourMs">, fromMs: number, toMs: number): boolean {
  return hourMs >= Math.floor(fromMs / HOUR_MS) * HOUR_MS && hourMs < toMs;
}
