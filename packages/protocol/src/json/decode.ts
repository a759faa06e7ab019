/**
 * Reads a parsed value by its shape: first type checks, then constraint checks; names are mapped from the wire's spelling to
 * ours. Shapes are compiled once into closures. A value is anything that JSON can write, and whatever `OtherValues` adds to
 * that.
 *
 * Message texts have the form of AWS JSON 1.1 services. There are two kinds of refusal: `SerializationException` (a value of
 * the wrong type; the first one found) and `ValidationException` (up to ten violated constraints at once). A type error
 * anywhere comes before any violated constraint.
 */
import { printable } from "../printable.ts";
import { VIOLATIONS_MAX } from "../limits.ts";
import type { IntegerShape, ListShape, MapShape, Shape, StringShape, StructureShape } from "../shapes.ts";

export interface DecodeRefusal {
  readonly code: "SerializationException" | "ValidationException";
  readonly message: string;
}

export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly refusal: DecodeRefusal };

/** Values that a notation other than JSON has beside JSON's: times, and others that none of our shapes takes. */
export interface OtherValues {
  /** The seconds since the epoch if the value is a time; such a notation writes times in no other way. */
  readonly secondsOf: (value: unknown) => number | undefined;
  /** How the notation writes times, for the message about one that is written otherwise. */
  readonly timeForm: string;
  /** The value's name in a refusal; undefined for values that JSON has, too. */
  readonly nameOf: (value: unknown) => string | undefined;
}

/** Compiles a structure into a function that reads it from a parsed value; of JSON, unless `others` is given. */
export function decoderOf<T>(shape: StructureShape<T>, others?: OtherValues): (json: unknown) => Decoded<T> {
  const read = readerOf(shape, others);
  return (json) => {
    const context: Context = { path: [], violations: [], violationCount: 0 };
    try {
      const value = read(json, context) as T;
      if (context.violationCount === 0) return { ok: true, value };
    } catch (error) {
      if (!(error instanceof TypeMismatch)) throw error;
      return { ok: false, refusal: { code: "SerializationException", message: error.message } };
    }
    const count = context.violationCount;
    const message = `${count} validation error${count === 1 ? "" : "s"} detected: ${context.violations.join("; ")}`;
    return { ok: false, refusal: { code: "ValidationException", message } };
  };
}

interface Context {
  /** The place of the value: wire names with a small first letter, list positions from 1, keys of maps. */
  readonly path: (string | number)[];
  readonly violations: string[];
  violationCount: number;
}

type Reader = (json: unknown, context: Context) => unknown;

class TypeMismatch extends Error {}

function readerOf(shape: Shape, others: OtherValues | undefined): Reader {
  if (others === undefined) return readerOfKind(shape, others);
  return shape.kind === "timestamp" ? timeReader(others) : refusing(others, readerOfKind(shape, others));
}

/** Refuses a value that JSON does not have before `read` takes it for something else. */
function refusing({ nameOf }: OtherValues, read: Reader): Reader {
  return (value, context) => {
    const name = nameOf(value);
    if (name !== undefined) throw new TypeMismatch(`${name} found where not expected.`);
    return read(value, context);
  };
}

function readerOfKind(shape: Shape, others: OtherValues | undefined): Reader {
  switch (shape.kind) {
    case "string":
      return stringReader(shape);
    case "integer":
      return integerReader(shape);
    case "double":
      return readDouble;
    case "boolean":
      return readBoolean;
    case "timestamp":
      return readTimestamp;
    case "list":
      return listReader(shape, others);
    case "map":
      return mapReader(shape, others);
    case "structure":
      return structureReader(shape, others);
  }
}

function structureReader(shape: StructureShape, others: OtherValues | undefined): Reader {
  const members = Object.entries(shape.members as Record<string, StructureShape["members"][never]>).map(
    ([name, member]: [string, { wire: string; shape: Shape; required?: true }]) => ({
      name,
      wire: member.wire,
      step: member.wire.charAt(0).toLowerCase() + member.wire.slice(1),
      required: member.required === true,
      read: readerOf(member.shape, others),
    }),
  );
  return (json, context) => {
    if (json === null || typeof json !== "object") throw new TypeMismatch("Expected null");
    if (Array.isArray(json)) throw new TypeMismatch("Start of list found where not expected");
    const source = json as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const member of members) {
      // No wire name is a name of Object.prototype, so a plain read sees only what was sent.
      const value = source[member.wire];
      if (value === undefined || value === null) {
        if (member.required) {
          context.path.push(member.step);
          violate(context, "null", "Member must not be null");
          context.path.pop();
        }
        continue;
      }
      context.path.push(member.step);
      result[member.name] = member.read(value, context);
      context.path.pop();
    }
    return result;
  };
}

function listReader(shape: ListShape, others: OtherValues | undefined): Reader {
  const read = readerOf(shape.member, others);
  const memberName = shape.member.kind === "structure" ? shape.member.name : shape.member.kind;
  return (json, context) => {
    if (!Array.isArray(json)) {
      throw new TypeMismatch(
        typeof json === "object" ? "Start of structure or map found where not expected." : "Expected list or null",
      );
    }
    if (shape.lengthMax !== undefined && json.length > shape.lengthMax) {
      violateLength(context, listText(memberName, json.length), "less", shape.lengthMax);
    } else if (shape.lengthMin !== undefined && json.length < shape.lengthMin) {
      violateLength(context, listText(memberName, json.length), "greater", shape.lengthMin);
    }
    const result: unknown[] = [];
    for (let i = 0; i < json.length; i += 1) {
      context.path.push(i + 1, "member");
      const item: unknown = json[i];
      if (item === null) violate(context, "null", "Member must not be null");
      else result.push(read(item, context));
      context.path.length -= 2;
    }
    return result;
  };
}

/** Wrong keys of a map, or a wrong length of its lists, are reported once, as a violation of the whole map. */
function mapReader(shape: MapShape, others: OtherValues | undefined): Reader {
  const { lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY, member } = shape.value;
  const read = readerOf({ kind: "list", member }, others);
  const known = new Set(shape.keys);
  const isWithin = ([, list]: readonly [string, unknown]): boolean =>
    !Array.isArray(list) || (list.length >= lengthMin && list.length <= lengthMax);
  const lengths = [
    ...(shape.value.lengthMax === undefined ? [] : [lengthText("less", lengthMax)]),
    ...(shape.value.lengthMin === undefined ? [] : [lengthText("greater", lengthMin)]),
  ];
  return (json, context) => {
    if (json === null || typeof json !== "object") throw new TypeMismatch("Expected map or null");
    if (Array.isArray(json)) throw new TypeMismatch("Start of list found where not expected");
    const entries: readonly (readonly [string, unknown])[] = Object.entries(json);
    const violateMap = (what: string, constraints: readonly string[]): void => {
      const text = printable(entries.map(([key]) => key).join(", "));
      violate(context, `'{${text}}'`, `Map ${what} must satisfy constraint: [${constraints.join(", ")}]`);
    };
    if (entries.some(([key]) => !known.has(key))) {
      violateMap("keys", [`Member must satisfy enum value set: [${shape.keys.join(", ")}]`]);
    }
    if (!entries.every(isWithin)) violateMap("value", lengths);
    const result: Record<string, unknown> = {};
    for (const [key, value] of entries) {
      context.path.push(printable(key), "member");
      if (value === null) violate(context, "null", "Member must not be null");
      else {
        // Unknown keys are read, too, since a type error comes first; only known ones are kept, so never `__proto__`.
        const list = read(value, context);
        if (known.has(key)) result[key] = list;
      }
      context.path.length -= 2;
    }
    return result;
  };
}

function stringReader(shape: StringShape): Reader {
  const pattern = shape.pattern === undefined ? undefined : new RegExp(shape.pattern, "u");
  const { lengthMin = 0, lengthMax = Number.POSITIVE_INFINITY } = shape;
  return (json, context) => {
    if (typeof json !== "string") throw notAn("String", json);
    // A violated length is reported together with the pattern, as the services do: both are constraints of the one member.
    if (json.length > lengthMax) violateLength(context, valueText(shape, json), "less", lengthMax);
    if (json.length < lengthMin) violateLength(context, valueText(shape, json), "greater", lengthMin);
    if (pattern !== undefined && !pattern.test(json)) {
      violate(context, valueText(shape, json), `Member must satisfy regular expression pattern: ${shape.pattern}`);
    }
    return json;
  };
}

function integerReader(shape: IntegerShape): Reader {
  return (json, context) => {
    if (typeof json !== "number") throw notAn("Integer", json);
    if (json > shape.max) violate(context, `'${json}'`, `Member must have value less than or equal to ${shape.max}`);
    else if (json < shape.min) {
      violate(context, `'${json}'`, `Member must have value greater than or equal to ${shape.min}`);
    } else if (!Number.isInteger(json)) {
      // Rule D1: other AWS services drop the fraction. Here it is refused: dropped usage would be lost money.
      violate(context, `'${json}'`, "Member must be a whole number");
    }
    // JSON has a minus zero. Adding 0 makes it zero, so that the value read equals the value written.
    return json + 0;
  };
}

function readDouble(json: unknown, context: Context): number {
  if (typeof json !== "number") throw notAn("Double", json);
  // The JSON parser reads a number beyond the range of doubles as infinite.
  if (!Number.isFinite(json)) violate(context, `'${json}'`, "Member must be a finite number");
  return json + 0;
}

function readBoolean(json: unknown): boolean {
  if (typeof json === "boolean") return json;
  if (typeof json === "string") {
    const text = json.toUpperCase();
    if (text === "TRUE" || text === "1" || text === "YES") return true;
    if (text === "FALSE" || text === "0" || text === "NO") return false;
    throw new TypeMismatch(`'${printable(text)}' can not be converted to an Boolean`);
  }
  throw notAn("Boolean", json);
}

/** The largest time that JavaScript's Date can hold, in seconds on either side of the epoch. */
const TIMESTAMP_SECONDS_MAX = 8_640_000_000_000;

function readTimestamp(json: unknown, context: Context): number {
  if (typeof json !== "number") {
    if (typeof json === "object") throw notAn("Integer", json);
    throw new TypeMismatch(`class ${javaClass(json)} can not be converted to milliseconds since epoch`);
  }
  return epochMsOf(json, context);
}

function timeReader({ secondsOf, timeForm, nameOf }: OtherValues): Reader {
  return (value, context) => {
    const seconds = secondsOf(value);
    if (seconds !== undefined) return epochMsOf(seconds, context);
    const found = nameOf(value) ?? `class ${javaClass(value)}`;
    throw new TypeMismatch(`${found} found where a timestamp is expected: ${timeForm}.`);
  };
}

function epochMsOf(secondsGiven: number, context: Context): number {
  if (Number.isNaN(secondsGiven)) {
    violate(context, "'NaN'", "Member must be a finite number");
    return 0;
  }
  if (Math.abs(secondsGiven) > TIMESTAMP_SECONDS_MAX) {
    const bound = secondsGiven > 0 ? "less than or equal to " : "greater than or equal to -";
    violate(context, `'${secondsGiven}'`, `Member must have value ${bound}${TIMESTAMP_SECONDS_MAX}`);
    return 0;
  }
  // Whole seconds and fraction are kept apart, so that no rounding moves a record into the next hour.
  const seconds = Math.floor(secondsGiven);
  return seconds * 1000 + Math.min(999, Math.round((secondsGiven - seconds) * 1000));
}

function notAn(expected: string, json: unknown): TypeMismatch {
  if (Array.isArray(json)) return new TypeMismatch("Start of list found where not expected");
  if (typeof json === "object") return new TypeMismatch("Start of structure or map found where not expected.");
  return new TypeMismatch(`class ${javaClass(json)} can not be converted to an ${expected}`);
}

function javaClass(json: unknown): string {
  if (typeof json === "string") return "java.lang.String";
  if (typeof json === "boolean") return "java.lang.Boolean";
  return "com.amazon.coral.value.json.numbers.TruncatingBigNumber";
}

function violateLength(context: Context, value: string, bound: "less" | "greater", length: number): void {
  violate(context, value, lengthText(bound, length));
}

function lengthText(bound: "less" | "greater", length: number): string {
  return `Member must have length ${bound} than or equal to ${length}`;
}

function violate(context: Context, value: string, constraint: string): void {
  if (context.violationCount >= VIOLATIONS_MAX) return;
  context.violationCount += 1;
  const subject = value === "" ? "Value" : `Value ${value}`;
  context.violations.push(`${subject} at '${context.path.join(".")}' failed to satisfy constraint: ${constraint}`);
}

function valueText(shape: StringShape, value: string): string {
  return shape.sensitive === true ? "" : `'${printable(value)}'`;
}

/** The services print list members as objects of their own language, on which no client can rely; here they are counted. */
function listText(memberName: string, length: number): string {
  return `'[${memberName} x ${length}]'`;
}
