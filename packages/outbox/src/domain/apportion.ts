/** Whole units among parts: by largest remainder, so that they add up; the same parts always give the same split. */

export interface Part {
  /** The text of a set of tags. */
  readonly tags: string;
  /** What was recorded under them; below zero where more was taken back than used. */
  readonly sum: bigint;
}

export interface Share {
  readonly tags: string;
  readonly units: bigint;
}

/**
 * Units in proportion to the parts that are above zero, which carry those below zero in proportion, too. Ties go by the text of
 * the tags. Shares of zero are left out; no part above zero means no shares.
 */
export function apportion(units: bigint, parts: readonly Part[]): Share[] {
  const positive = parts.filter(({ sum }) => sum > 0n);
  const whole = positive.reduce((total, { sum }) => total + sum, 0n);
  if (whole === 0n) return [];
  const shares = positive.map(({ tags, sum }) => ({ tags, units: (units * sum) / whole, rest: (units * sum) % whole }));
  const given = shares.reduce((total, share) => total + share.units, 0n);
  const order = shares.toSorted((a, b) =>
    a.rest === b.rest ? compareTexts(a.tags, b.tags) : a.rest > b.rest ? -1 : 1,
  );
  const lucky = new Set(order.slice(0, Number(units - given)));
  return shares
    .map((share) => ({ tags: share.tags, units: share.units + (lucky.has(share) ? 1n : 0n) }))
    .filter((share) => share.units > 0n)
    .toSorted((a, b) => compareTexts(a.tags, b.tags));
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
