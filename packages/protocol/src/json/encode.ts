/**
 * Writes a value by its shape, in the wire's spelling. Members are read by name, so an object may also inherit them from its
 * class. Undefined and null members are left out, and never written as null; but for a whole number, null is an error, and in
 * an input undefined is, too. Shapes are compiled once into closures that rename and convert; `JSON.stringify` then makes the
 * text, because nothing here would be faster.
 *
 * A value that JSON would change, or cannot carry, is a `TypeError` that names the member.
 */
import type { Shape, StructureShape } from "../shapes.ts";

/**
 * Compiles a structure into a function that writes it as JSON text. Timestamps are milliseconds since the epoch; for another
 * form, `secondsOf` converts one to seconds. In an `input`, which programs have made, a whole number that is present and
 * undefined is an error; in a value that the server made, it is left out.
 */
export function encoderOf<T>(
  shape: StructureShape<T>,
  secondsOf: (timestamp: unknown) => number = secondsOfEpochMs,
  of: "input" | "own" = "own",
): (value: T) => string {
  const convert = structureConverter(shape, shape.name, {
    timeOf: secondsOf,
    doubleOf: asItIs,
    isInput: of === "input",
  });
  return (value) => JSON.stringify(convert(value));
}

/** How a notation writes times and doubles, which plain values do not distinguish from whole numbers. */
export interface WrittenValues {
  readonly timeOf: (epochMs: number) => unknown;
  readonly doubleOf: (double: number) => unknown;
}

/**
 * Compiles a structure into a function that converts a value that the server made to the value that another notation writes:
 * with wire names, and with times and doubles in that notation's form.
 */
export function writableOf<T>(shape: StructureShape<T>, { timeOf, doubleOf }: WrittenValues): (value: T) => unknown {
  const conversion = { timeOf: timeOf as Converter, doubleOf: doubleOf as Converter, isInput: false };
  return structureConverter(shape, shape.name, conversion);
}

/** Converts an inner value to the value on the wire. */
type Converter = (value: unknown) => unknown;

interface Conversion {
  readonly timeOf: Converter;
  readonly doubleOf: Converter;
  readonly isInput: boolean;
}

function converterOf(shape: Shape, name: string, conversion: Conversion): Converter {
  switch (shape.kind) {
    case "string":
    case "boolean":
      return asItIs;
    case "double":
      return conversion.doubleOf;
    case "integer":
      return numberConverter(name);
    case "timestamp":
      return conversion.timeOf;
    case "list": {
      const convert = converterOf(shape.member, name, conversion);
      return (value) => {
        if (!Array.isArray(value)) throw new TypeError(`${name} must be an array; it is ${kindOf(value)}.`);
        return value.map(convert);
      };
    }
    case "map": {
      const convert = converterOf(shape.value, name, conversion);
      return (value) =>
        Object.fromEntries(
          Object.entries(value as object).map(([key, item]: [string, unknown]) => [key, convert(item)]),
        );
    }
    case "structure":
      return structureConverter(shape, name, conversion);
  }
}

/** JSON 1.1 carries epoch seconds; a fraction is kept as it was sent. */
function secondsOfEpochMs(epochMs: unknown): number {
  return (epochMs as number) / 1000;
}

function asItIs(value: unknown): unknown {
  return value;
}

/** JSON writes NaN and the infinities as null, which would count as absent, and so as 0; it cannot write a bigint at all. */
function numberConverter(name: string): Converter {
  return (value) => {
    if (Number.isFinite(value)) return value;
    const what = typeof value === "number" || value === undefined ? String(value) : kindOf(value);
    throw new TypeError(`${name} must be a finite number; it is ${what}.`);
  };
}

function kindOf(value: unknown): string {
  return value === null ? "null" : `of type ${typeof value}`;
}

function structureConverter(shape: StructureShape, of: string, conversion: Conversion): Converter {
  const members = Object.entries(shape.members as Record<string, { wire: string; shape: Shape }>).map(
    ([name, member]) => ({
      name,
      wire: member.wire,
      // A quantity that is left out counts as 0; a program that gives null or undefined may have meant that it is not known.
      mayBeNull: member.shape.kind !== "integer",
      mayBeUndefined: member.shape.kind !== "integer" || !conversion.isInput,
      convert: converterOf(member.shape, name, conversion),
    }),
  );
  return (value) => {
    if (typeof value !== "object" || value === null) {
      throw new TypeError(`${of} must be made of objects; one is ${kindOf(value)}.`);
    }
    const source = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const { name, wire, mayBeNull, mayBeUndefined, convert } of members) {
      const item = source[name];
      if (item === undefined ? mayBeUndefined || !(name in source) : item === null && mayBeNull) continue;
      result[wire] = convert === asItIs ? item : convert(item);
    }
    return result;
  };
}
