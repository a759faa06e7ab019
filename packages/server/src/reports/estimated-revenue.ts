/** Money in exact decimals: what usage costs at a dimension's price. */
import { Big } from "big.js";

/** An amount is rounded once, half to even, to this many digits after the point. */
const PLACES = 8;
const SECONDS_PER_HOUR = 3_600;

const Decimal = Big();
Decimal.DP = PLACES;
Decimal.RM = Big.roundHalfEven;

/** Units or seconds, by their price for a unit or an hour. */
type AmountsByPrice = ReadonlyMap<string, bigint>;

export function revenueOfUnits(units: AmountsByPrice): string {
  return text(total(units).round(PLACES, Big.roundHalfEven));
}

export function revenueOfSeconds(seconds: AmountsByPrice): string {
  return text(total(seconds).div(SECONDS_PER_HOUR));
}

/** Exact: nothing is rounded before the end. */
function total(amounts: AmountsByPrice): Big {
  return [...amounts].reduce(
    (sum, [price, amount]) => sum.plus(new Decimal(price).times(amount.toString())),
    new Decimal(0),
  );
}

/** Units and seconds together, each by its price. */
export function revenueOfBoth(units: AmountsByPrice, seconds: AmountsByPrice): string {
  return text(total(units).times(SECONDS_PER_HOUR).plus(total(seconds)).div(SECONDS_PER_HOUR));
}

export function hoursOf(seconds: bigint): string {
  return text(new Decimal(seconds.toString()).div(SECONDS_PER_HOUR));
}

function text(amount: Big): string {
  return amount.eq(0) ? "0" : amount.toFixed();
}
