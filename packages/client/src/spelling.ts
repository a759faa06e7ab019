/**
 * Finds members of an input that are written otherwise than they are read. What an input must have is missed at once; what
 * it may lack is taken for lacking, and a `qty` of 12 would be metered as 0.
 */
import type { StructureShape } from "@countinghouse/protocol";
import { invalidInput } from "./outcome.ts";

/** So many letters may be wrong, one too many, or missing. */
const SLIPS_MAX = 2;

/**
 * Compiles a structure into a function that throws an `InvalidInputError` for a value that lacks one of the members that
 * are named here, and has one of a name like it, or one of those that stand beside the name. Other members are the caller's
 * own business. Names are looked at, and no member is read.
 */
export function spellingOf(
  { members }: StructureShape,
  watched: Readonly<Record<string, readonly string[]>>,
): (value: unknown) => void {
  const known = new Set(Object.keys(members).map((name) => name.replace(/Ms$/, "")));
  const missed = Object.entries(watched).map(([name, others]) => ({ name, letters: plain(name), others }));
  return (value) => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      if (known.has(key)) continue;
      const meant = missed.find(
        ({ name, letters, others }) => !(name in value) && (others.includes(key) || isAlike(plain(key), letters)),
      );
      if (meant !== undefined) throw invalidInput(`There is no member ${key}; it is called ${meant.name}.`);
    }
  };
}

/** `usage_quantity` and `UsageQuantity` are `usagequantity`. */
function plain(name: string): string {
  return name.replace(/[^a-z0-9]/gi, "").toLowerCase();
}

/** Whether one becomes the other by so few slips that it was probably meant. */
function isAlike(one: string, other: string): boolean {
  if (Math.abs(one.length - other.length) > SLIPS_MAX) return false;
  let row = Array.from({ length: other.length + 1 }, (_, i) => i);
  for (let i = 1; i <= one.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= other.length; j += 1) {
      const same = (row[j - 1] as number) + (one[i - 1] === other[j - 1] ? 0 : 1);
      next.push(Math.min(same, (row[j] as number) + 1, (next[j - 1] as number) + 1));
    }
    row = next;
  }
  return (row.at(-1) as number) <= SLIPS_MAX;
}
