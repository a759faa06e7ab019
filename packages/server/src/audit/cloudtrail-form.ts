/**
 * Writes requests and answers as CloudTrail does: members in the wire's spelling with a small first letter, times as
 * `Apr 19, 2018 4:32:50 PM` (UTC). It is compiled from the shapes, so all operations are written alike. Rule V9.
 *
 * A value that does not fit its shape is written unchanged: an entry of another version must still be readable.
 */
import type { EpochMs, Shape, StructureShape } from "@countinghouse/protocol";

/** Compiles a structure's shape into a function from an inner value to the value in an event. */
export function cloudTrailFormOf<T>(shape: StructureShape<T>): (value: T) => Record<string, unknown> {
  return structureForm(shape) as (value: T) => Record<string, unknown>;
}

function formOf(shape: Shape): (value: unknown) => unknown {
  switch (shape.kind) {
    case "timestamp":
      return (value) => (typeof value === "number" ? cloudTrailTime(value) : value);
    case "list": {
      const form = formOf(shape.member);
      return (value) => (Array.isArray(value) ? value.map(form) : value);
    }
    case "structure": {
      const form = structureForm(shape);
      return (value) => (typeof value === "object" && value !== null ? form(value) : value);
    }
    case "string":
    case "integer":
    case "double":
    case "boolean":
    case "map":
      return (value) => value;
  }
}

function structureForm(shape: StructureShape): (value: unknown) => unknown {
  const members = Object.entries(shape.members as Record<string, { wire: string; shape: Shape }>).map(
    ([name, member]) => ({ name, wire: smallFirst(member.wire), form: formOf(member.shape) }),
  );
  return (value) => {
    const source = value as Record<string, unknown>;
    const result: Record<string, unknown> = {};
    for (const { name, wire, form } of members) {
      const item = source[name];
      if (item !== undefined) result[wire] = form(item);
    }
    return result;
  };
}

function smallFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** In whole seconds, as CloudTrail writes times; the ledger has the milliseconds. */
export function cloudTrailTime(atMs: EpochMs): string {
  const date = new Date(atMs);
  const hour = date.getUTCHours();
  const clock = `${hour % 12 === 0 ? 12 : hour % 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  return `${day} ${clock} ${hour < 12 ? "AM" : "PM"}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
