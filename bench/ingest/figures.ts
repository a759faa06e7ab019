/** Combines the figures of several rounds, and formats them. */

export function ratio(a: number | undefined, b: number | undefined): number | undefined {
  return a === undefined || b === undefined ? undefined : a / b;
}

export function times(a: number | undefined, b: number): number | undefined {
  return a === undefined ? undefined : a * b;
}

/** Of the defined values; of an even number of them, the mean of the two in the middle. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const low = known[Math.ceil(known.length / 2) - 1];
  const high = known[Math.floor(known.length / 2)];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

export function figure(value: number | undefined, decimals: number): string {
  if (value === undefined) return "–";
  return value.toLocaleString("en", { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}
