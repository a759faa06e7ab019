/** Money in exact decimals: what usage is worth at a dimension's price. */
import { Big } from "big.js";

/** Digits after the point that an amount is rounded to, once, half to even. */
const PLACES = 8;
const SECONDS_PER_HOUR = 3_600;

const Decimal = Big();
Decimal.DP = PLACES;
Decimal.RM = Big.roundHalfEven;

/** A price a unit, by a number of units. */
export function priceOfUnits(price: string, units: bigint): string {
  return text(new Decimal(price).times(units.toString()).round(PLACES, Big.roundHalfEven));
}

/** A price an hour, by a number of seconds. */
export function priceOfSeconds(price: string, seconds: bigint): string {
  return text(new Decimal(price).times(seconds.toString()).div(SECONDS_PER_HOUR));
}

export function hoursOf(seconds: bigint): string {
  return text(new Decimal(seconds.toString()).div(SECONDS_PER_HOUR));
}

function text(amount: Big): string {
  return amount.eq(0) ? "0" : amount.toFixed();
}
