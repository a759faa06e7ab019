/**
 * Writes a value as its shape says, in the wire's spelling. Members that are undefined are left out, never written as
 * null. Shapes are compiled once into closures that rename and convert; the text is then `JSON.stringify`'s own, which
 * is faster than any that is put together here.
 */
import type { Shape, StructureShape } from "../shapes.ts";

/**
 * Compiles a structure into a function that writes it as JSON text. Timestamps are milliseconds since the epoch; whoever
 * has them in another form says how many seconds one is.
 */
export function encoderOf<T>(
  shape: StructureShape<T>,
  secondsOf: (timestamp: unknown) => number = secondsOfEpochMs,
): (value: T) => string {
  const convert = structureConverter(shape, secondsOf);
  return (value) => JSON.stringify(convert(value));
}

/** From a value as it is inside to the one that stands on the wire. */
type Converter = (value: unknown) => unknown;

function converterOf(shape: Shape, secondsOf: Converter): Converter {
  switch (shape.kind) {
    case "string":
    case "integer":
    case "double":
    case "boolean":
      return asItIs;
    case "timestamp":
      return secondsOf;
    case "list": {
      const convert = converterOf(shape.member, secondsOf);
      return (value) => (value as readonly unknown[]).map(convert);
    }
    case "map": {
      const convert = converterOf(shape.value, secondsOf);
      return (value) =>
        Object.fromEntries(
          Object.entries(value as object).map(([key, item]: [string, unknown]) => [key, convert(item)]),
        );
    }
    case "structure":
      return structureConverter(shape, secondsOf);
  }
}

/** JSON 1.1 carries epoch seconds; a fraction is kept as it was sent. */
function secondsOfEpochMs(epochMs: unknown): number {
  return (epochMs as number) / 1000;
}

function asItIs(value: unknown): unknown {
  return value;
}

function structureConverter(shape: StructureShape, secondsOf: Converter): Converter {
  const members = Object.entries(shape.members as Record<string, { wire: string; shape: Shape }>).map(
    ([name, member]) => ({ name, wire: member.wire, convert: converterOf(member.shape, secondsOf) }),
  );
  return (value) => {
    const source = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const { name, wire, convert } of members) {
      const item = source[name];
      if (item !== undefined) result[wire] = convert === asItIs ? item : convert(item);
    }
    return result;
  };
}
