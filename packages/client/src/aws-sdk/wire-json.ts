/** Values as the official client has them, in AWS's spelling with dates, to and from the JSON of the wire. */
import type { Shape, StructureShape } from "@countinghouse/protocol";

type Members = Readonly<Record<string, { readonly wire: string; readonly shape: Shape }>>;

/**
 * Leaves out what is absent, null or unknown, as the official client does, and checks nothing: that is the service's.
 */
export function toWire(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  switch (shape.kind) {
    case "structure":
      return mapped(shape, value, toWire);
    case "list":
      return Array.isArray(value) ? value.map((item) => toWire(shape.member, item)) : value;
    case "timestamp":
      return value instanceof Date ? value.getTime() / 1000 : value;
    default:
      return value;
  }
}

export function fromWire(shape: Shape, value: unknown): unknown {
  if (value === undefined || value === null) return undefined;
  switch (shape.kind) {
    case "structure":
      return mapped(shape, value, fromWire);
    case "list":
      return Array.isArray(value) ? value.map((item) => fromWire(shape.member, item)) : value;
    case "timestamp":
      return typeof value === "number" ? new Date(Math.round(value * 1000)) : value;
    default:
      return value;
  }
}

function mapped(
  { members }: StructureShape,
  value: unknown,
  map: (shape: Shape, value: unknown) => unknown,
): Readonly<Record<string, unknown>> {
  const from = value as Readonly<Record<string, unknown>>;
  const entries = Object.values(members as Members)
    .map(({ wire, shape }) => [wire, map(shape, from[wire])] as const)
    .filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries);
}
