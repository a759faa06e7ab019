/**
 * How CloudTrail writes what was asked and answered: members in the wire's spelling with a small first letter, times as
 * `Apr 19, 2018 4:32:50 PM` (UTC). Written from the shapes, so every operation is written the same way.
 */
import type { EpochMs, Shape, StructureShape } from "@countinghouse/protocol";

type Json = unknown;

/** Compiles a structure into a function from its value inside to the one in an event. */
export function cloudTrailFormOf<T>(shape: StructureShape<T>): (value: T) => Record<string, Json> {
  return structureForm(shape) as (value: T) => Record<string, Json>;
}

function formOf(shape: Shape): (value: unknown) => Json {
  switch (shape.kind) {
    case "timestamp":
      return (value) => cloudTrailTime(value as EpochMs);
    case "list": {
      const form = formOf(shape.member);
      return (value) => (value as readonly unknown[]).map(form);
    }
    case "structure":
      return structureForm(shape);
    default:
      return (value) => value;
  }
}

function structureForm(shape: StructureShape): (value: unknown) => Json {
  const members = Object.entries(shape.members as Record<string, { wire: string; shape: Shape }>).map(
    ([name, member]) => ({ name, wire: smallFirst(member.wire), form: formOf(member.shape) }),
  );
  return (value) => {
    const source = value as Record<string, unknown>;
    const result: Record<string, Json> = {};
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

/** To the second, as CloudTrail does; what is finer is in the ledger. */
export function cloudTrailTime(atMs: EpochMs): string {
  const date = new Date(atMs);
  const hour = date.getUTCHours();
  const two = (value: number): string => String(value).padStart(2, "0");
  const clock = `${hour % 12 === 0 ? 12 : hour % 12}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())}`;
  const day = `${MONTHS[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  return `${day} ${clock} ${hour < 12 ? "AM" : "PM"}`;
}
