/**
 * Shapes: the vocabulary in which requests and answers are described as data.
 *
 * A shape says what may be on the wire; it does not know how that is read (`json/decode.ts`) or written (`json/encode.ts`).
 * Every structure is tied to a TypeScript interface: a member without a row, or a row without a member, does not compile.
 *
 * Source of all constraints: the public service models; `meteringmarketplace/2016-01-14` unless something else is named.
 */

export interface StringShape {
  readonly kind: "string";
  readonly lengthMin?: number;
  readonly lengthMax?: number;
  /** A regular expression over the whole value, in the notation of the service model. */
  readonly pattern?: string;
  /** The value never appears in a message (tokens). */
  readonly sensitive?: true;
}

/** A whole number. A value out of range, or with a fraction, is refused and never rounded or clamped (Rule D1). */
export interface IntegerShape {
  readonly kind: "integer";
  readonly min: number;
  readonly max: number;
}

/** A finite number, with a fraction or without. */
interface DoubleShape {
  readonly kind: "double";
}

interface BooleanShape {
  readonly kind: "boolean";
}

/** Seconds since the epoch on the wire, possibly with a fraction; milliseconds since the epoch inside. */
interface TimestampShape {
  readonly kind: "timestamp";
}

export interface ListShape {
  readonly kind: "list";
  readonly member: Shape;
  readonly lengthMin?: number;
  readonly lengthMax?: number;
}

/** Lists by key, with a fixed set of keys, which are the same inside as on the wire. */
export interface MapShape {
  readonly kind: "map";
  readonly keys: readonly string[];
  readonly value: ListShape;
}

interface Member {
  /** The member's name on the wire, in AWS's spelling. */
  readonly wire: string;
  readonly shape: Shape;
  readonly required?: true;
}

export interface StructureShape<T = unknown> {
  readonly kind: "structure";
  readonly name: string;
  /** Members in the order of the service model, which is also the order in which violations are reported. */
  readonly members: { readonly [K in keyof T]-?: Member };
}

export type Shape =
  | StringShape
  | IntegerShape
  | DoubleShape
  | BooleanShape
  | TimestampShape
  | ListShape
  | MapShape
  | StructureShape;

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type EpochMs = number;
