/**
 * The protocol's shapes as callers see them: a member `timestampMs` is called `timestamp`; inputs take a time of any kind, and
 * answers have a `Date`.
 */
import { answerReaderOf, encoderOf, type Shape, type StructureShape } from "@countinghouse/protocol";
import { wireMsOf, type Time } from "./time.ts";

/** Compiles an input into a function that writes it as JSON text; throws a `MeteringError` for an invalid time. */
export function timedEncoderOf(shape: StructureShape): (value: object) => string {
  return encoderOf(timed(shape) as StructureShape<object>, (time) => wireMsOf(time as Time) / 1000, "input");
}

/** Compiles a structure into a function that reads an answer from a parsed JSON value; throws `UnreadableAnswer`. */
export function timedReaderOf<Output>(shape: StructureShape): (json: unknown) => Partial<Output> {
  return answerReaderOf(timed(shape) as StructureShape<Output>, (epochMs) => new Date(epochMs));
}

function timed(shape: Shape): Shape {
  if (shape.kind === "list") return { ...shape, member: timed(shape.member) };
  if (shape.kind !== "structure") return shape;
  const members = Object.entries(shape.members as Record<string, { readonly shape: Shape }>).map(([name, member]) => [
    member.shape.kind === "timestamp" ? name.replace(/Ms$/, "") : name,
    { ...member, shape: timed(member.shape) },
  ]);
  return { ...shape, members: Object.fromEntries(members) as typeof shape.members };
}
