/**
 * Finds members of an input that are written otherwise than they are read: as the service and the official client write
 * them (`UsageRecords`), or with a slip. What is not read is taken for lacking, and a `qty` of 12 would be metered as 0.
 */
import type { Shape, StructureShape } from "@countinghouse/protocol";
import { invalidInput } from "./outcome.ts";

/** So many letters may be wrong, one too many, or missing. */
const SLIPS_MAX = 2;

type Check = (value: unknown) => void;

/**
 * Compiles a structure into a function that throws an `InvalidInputError` for a value that lacks a member, and has it in
 * another spelling; and so for the structures within. Of members that are `watched`, slips count, too, and the other names
 * that are given. All else is the caller's own business.
 */
export function spellingOf(
  structure: StructureShape,
  watched: Readonly<Record<string, readonly string[]>> = {},
): Check {
  const members = Object.entries(structure.members as Readonly<Record<string, Member>>).map(([inner, member]) => {
    const name = inner.replace(/Ms$/, "");
    const { [name]: others } = watched;
    return { name, letters: plain(name), wire: plain(member.wire), others, within: withinOf(member.shape, watched) };
  });
  const known = new Set(members.map(({ name }) => name));
  const deep = members.filter(({ within }) => within !== undefined);
  return (value) => {
    if (typeof value !== "object" || value === null) return;
    for (const key of Object.keys(value)) {
      if (known.has(key)) continue;
      const letters = plain(key);
      const meant = members.find(
        (member) =>
          !(member.name in value) &&
          (letters === member.letters ||
            letters === member.wire ||
            member.others?.includes(key) === true ||
            (member.others !== undefined && isAlike(letters, member.letters))),
      );
      if (meant !== undefined) throw invalidInput(`There is no member ${key}; it is called ${meant.name}.`);
    }
    for (const { name, within } of deep) within?.((value as Readonly<Record<string, unknown>>)[name]);
  };
}

interface Member {
  readonly wire: string;
  readonly shape: Shape;
}

/** Of what stands in a list of structures. */
function withinOf(shape: Shape, watched: Readonly<Record<string, readonly string[]>>): Check | undefined {
  if (shape.kind !== "list" || shape.member.kind !== "structure") return undefined;
  const check = spellingOf(shape.member, watched);
  return (list) => {
    if (Array.isArray(list)) list.forEach(check);
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
