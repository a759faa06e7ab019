/** Values as CloudTrail writes them, back in the form of the wire: members in AWS's spelling, times in seconds since the epoch. */
import { HIDDEN, readTime, type Shape, type StructureShape } from "@countinghouse/protocol";

/** Where a value stood that CloudTrail hides. */
type OnHidden = (path: string) => void;

/** Members that the shape does not name are left out; a value that does not fit is left as it is, for whoever decodes it. */
export function wireFormOf(shape: StructureShape, value: unknown, onHidden: OnHidden): unknown {
  return wireForm(shape, value, "", onHidden);
}

function wireForm(shape: Shape, value: unknown, path: string, onHidden: OnHidden): unknown {
  if (isHidden(value)) onHidden(path);
  switch (shape.kind) {
    case "timestamp":
      return secondsOf(value);
    case "list":
      return Array.isArray(value)
        ? value.map((item, i) => wireForm(shape.member, item, `${path}[${i}]`, onHidden))
        : value;
    case "structure":
      return typeof value === "object" && value !== null ? structureForm(shape, value, path, onHidden) : value;
    case "string":
    case "integer":
    case "double":
    case "boolean":
    case "map":
      return value;
  }
}

function structureForm(shape: StructureShape, value: object, path: string, onHidden: OnHidden): object {
  // AWS's own samples spell customerAWSAccountID, which the wire spells CustomerAWSAccountId.
  const members = new Map(
    Object.values(shape.members as Record<string, { wire: string; shape: Shape }>).map((member) => [
      member.wire.toLowerCase(),
      member,
    ]),
  );
  const result: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const member = members.get(name.toLowerCase());
    if (member === undefined || item === null) continue;
    result[member.wire] = wireForm(member.shape, item, path === "" ? name : `${path}.${name}`, onHidden);
  }
  return result;
}

/** `HIDDEN_DUE_TO_SECURITY_REASONS`, or the stars with which some services write the same. */
function isHidden(value: unknown): boolean {
  return value === HIDDEN || (typeof value === "string" && /^\*{3,}$/.test(value));
}

/** `Mar 14, 2026 7:00:00 PM`, which is UTC, or a time in ISO 8601. */
function secondsOf(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const atMs = readTime(value) ?? Date.parse(`${value} UTC`);
  return Number.isNaN(atMs) ? value : atMs / 1_000;
}
