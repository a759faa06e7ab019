/**
 * Reads a service's answer by its shape: names are mapped from the wire's spelling to ours, null counts as absent, unknown
 * members are left out. Constraints are not checked, because the service may be newer than the model. A value of the wrong type
 * is refused, since nothing sensible could be done with it.
 */
import type { Shape, StructureShape } from "../shapes.ts";

/** A value in an answer has a type that its shape does not allow. */
export class UnreadableAnswer extends Error {}

/**
 * Compiles a structure into a function that reads an answer from a parsed JSON value; throws `UnreadableAnswer`. `timestampOf`
 * converts timestamps from milliseconds since the epoch; by default they stay as they are.
 */
export function answerReaderOf<T>(
  shape: StructureShape<T>,
  timestampOf: (epochMs: number) => unknown = (epochMs) => epochMs,
): (json: unknown) => Partial<T> {
  const readTimestamp: Reader = (json) => timestampOf(epochMsOf(json));
  return structureReader(shape, readTimestamp) as (json: unknown) => Partial<T>;
}

type Reader = (json: unknown) => unknown;

function readerOf(shape: Shape, readTimestamp: Reader): Reader {
  switch (shape.kind) {
    case "string":
      return expecting("string");
    case "integer":
    case "double":
      return expecting("number");
    case "boolean":
      return expecting("boolean");
    case "timestamp":
      return readTimestamp;
    case "list": {
      const read = readerOf(shape.member, readTimestamp);
      return (json) => {
        if (!Array.isArray(json)) throw unreadable("a list", json);
        return json.map(read);
      };
    }
    case "map": {
      const read = readerOf(shape.value, readTimestamp);
      return (json) => {
        if (typeof json !== "object" || json === null || Array.isArray(json)) throw unreadable("an object", json);
        return Object.fromEntries(Object.entries(json).map(([key, value]: [string, unknown]) => [key, read(value)]));
      };
    }
    case "structure":
      return structureReader(shape, readTimestamp);
  }
}

function structureReader(shape: StructureShape, readTimestamp: Reader): Reader {
  const members = Object.entries(shape.members as Record<string, { wire: string; shape: Shape }>).map(
    ([name, member]) => ({ name, wire: member.wire, read: readerOf(member.shape, readTimestamp) }),
  );
  return (json) => {
    if (typeof json !== "object" || json === null || Array.isArray(json)) throw unreadable("an object", json);
    const source = json as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const { name, wire, read } of members) {
      const value = source[wire];
      if (value !== undefined && value !== null) result[name] = read(value);
    }
    return result;
  };
}

function expecting(type: "string" | "number" | "boolean"): Reader {
  return (json) => {
    if (typeof json === type) return json;
    throw unreadable(`a ${type}`, json);
  };
}

/** In milliseconds. Whole seconds and fraction are kept apart, so that no rounding moves a time into the next hour. */
function epochMsOf(json: unknown): number {
  if (typeof json !== "number") throw unreadable("a number of seconds", json);
  const seconds = Math.floor(json);
  return seconds * 1000 + Math.min(999, Math.round((json - seconds) * 1000));
}

function unreadable(expected: string, json: unknown): UnreadableAnswer {
  const found = json === null ? "null" : Array.isArray(json) ? "a list" : `a value of type ${typeof json}`;
  return new UnreadableAnswer(`Expected ${expected}, found ${found}.`);
}
