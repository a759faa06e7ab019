/** Converts values of the official client, in AWS's spelling with dates, to and from the JSON of the wire. */
import type { Shape, StructureShape } from "@countinghouse/protocol";

type Members = Readonly<Record<string, { readonly wire: string; readonly shape: Shape }>>;
type OfTime = (time: unknown) => unknown;

/** Leaves out absent, null and unknown members, as the official client does. Checks nothing: the service does that. */
export function toWire(shape: Shape, value: unknown): unknown {
  return mapped(shape, value, (time) => (time instanceof Date ? time.getTime() / 1000 : time));
}

export function fromWire(shape: Shape, value: unknown): unknown {
  return mapped(shape, value, (time) => (typeof time === "number" ? new Date(Math.round(time * 1000)) : time));
}

function mapped(shape: Shape, value: unknown, ofTime: OfTime): unknown {
  if (value === undefined || value === null) return undefined;
  if (shape.kind === "structure") return structure(shape, value, ofTime);
  if (shape.kind === "list" && Array.isArray(value)) return value.map((item) => mapped(shape.member, item, ofTime));
  return shape.kind === "timestamp" ? ofTime(value) : value;
}

function structure({ members }: StructureShape, value: unknown, ofTime: OfTime): Readonly<Record<string, unknown>> {
  const from = value as Readonly<Record<string, unknown>>;
  const entries = Object.values(members as Members)
    .map(({ wire, shape }) => [wire, mapped(shape, from[wire], ofTime)] as const)
    .filter(([, member]) => member !== undefined);
  return Object.fromEntries(entries);
}
