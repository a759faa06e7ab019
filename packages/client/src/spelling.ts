/**
 * Finds members of an input under names that are not read: the service's and the official client's names (`UsageRecords`), or
 * misspelt ones. Otherwise the member would count as missing, and a `qty` of 12 would be metered as 0.
 */
import type { Shape, StructureShape } from "@countinghouse/protocol";
import { invalidInput } from "./outcome.ts";

/** How many letters of a name may be wrong, surplus, or missing. */
const SLIPS_MAX = 2;

type Check = (value: unknown) => void;

/**
 * Compiles a structure into a function that throws an `InvalidInputError` for a value that lacks a member and has it under
 * another spelling; the same for structures within. For `watched` members, misspelt names and the given other names count as
 * well. All other members are ignored.
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

/** The check of the structures in a list. */
function withinOf(shape: Shape, watched: Readonly<Record<string, readonly string[]>>): Check | undefined {
  if (shape.kind !== "list" || shape.member.kind !== "structure") return undefined;
  const check = spellingOf(shape.member, watched);
  return (list) => {
    if (Array.isArray(list)) list.forEach(check);
  };
}

/** `usage_quantity` and `UsageQuantity` become `usagequantity`. */
function plain(name: string): string {
  return name.replace(/[^a-z0-9]/gi, "").toLowerCase();
}

/** Whether the names differ by so few letters that one was probably meant for the other. */
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
