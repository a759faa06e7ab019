/** Quantities: exact decimals, as texts outside and as whole numbers of 10^-18 inside. No floating point anywhere. */

/** A quantity in units of 10^-18. */
export type Exact = bigint;

export const FRACTION_DIGITS_MAX = 18;
const TEXT_LENGTH_MAX = 100;
/** Before the point. 10^21 bytes are a zettabyte: what is more is a mistake. */
const WHOLE_DIGITS_MAX = 21;

export const ONE: Exact = 10n ** BigInt(FRACTION_DIGITS_MAX);

const DECIMAL = /^(-?)0*(\d+)(?:\.(\d+?)0*)?$/;

/** What a decimal text stands for; or, in words, what is wrong with it. Leading and trailing zeros mean nothing. */
export function readQuantity(text: string): Exact | string {
  if (text.length > TEXT_LENGTH_MAX) return `is longer than ${TEXT_LENGTH_MAX} characters`;
  const match = DECIMAL.exec(text);
  if (match === null) return "is not a decimal number, such as 12 or -0.5";
  const [, sign = "", whole = "", fraction = ""] = match;
  if (whole.length > WHOLE_DIGITS_MAX) return `has more than ${WHOLE_DIGITS_MAX} digits before the point`;
  const digits = fraction === "0" ? "" : fraction;
  if (digits.length > FRACTION_DIGITS_MAX) return `has more than ${FRACTION_DIGITS_MAX} digits behind the point`;
  const size = BigInt(whole + digits.padEnd(FRACTION_DIGITS_MAX, "0"));
  return sign === "" ? size : -size;
}

/** As `readQuantity`, of a text that was read before. */
export function exactOf(text: string): Exact {
  const quantity = readQuantity(text);
  if (typeof quantity === "string") throw new TypeError(`The quantity ${JSON.stringify(text)} ${quantity}.`);
  return quantity;
}

/** The one text of a quantity: no needless zero, no `-0`. Sums may be longer than what a reading may have. */
export function quantityText(quantity: Exact): string {
  const size = quantity < 0n ? -quantity : quantity;
  const fraction = (size % ONE).toString().padStart(FRACTION_DIGITS_MAX, "0").replace(/0+$/, "");
  const text = fraction === "" ? `${size / ONE}` : `${size / ONE}.${fraction}`;
  return quantity < 0n ? `-${text}` : text;
}

/** A sum as a store gives it, of any length. */
export function sumOf(text: string): Exact {
  const [whole = "0", fraction = ""] = text.replace("-", "").split(".");
  const size = BigInt(whole + fraction.slice(0, FRACTION_DIGITS_MAX).padEnd(FRACTION_DIGITS_MAX, "0"));
  return text.startsWith("-") ? -size : size;
}

/** The whole number below or at a quotient, for a divisor above zero. */
export function floorDivide(dividend: Exact, divisor: Exact): bigint {
  const quotient = dividend / divisor;
  return dividend < 0n && quotient * divisor !== dividend ? quotient - 1n : quotient;
}
