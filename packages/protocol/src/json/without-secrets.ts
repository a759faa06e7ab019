/** What may be kept of a request: everything but tokens. */
import type { Shape, StructureShape } from "../shapes.ts";

/** Replaces a token, in CloudTrail's words. */
export const HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS";

/** Compiles a structure into a function that hides its sensitive members; only the structure's own members are sensitive. */
export function withoutSecretsOf<T extends object>(
  shape: StructureShape<T>,
): (value: T) => Readonly<Record<string, unknown>> {
  const members = Object.entries(shape.members as Record<string, { shape: Shape }>);
  const secrets = members.filter(([, member]) => member.shape.kind === "string" && member.shape.sensitive === true);
  return (value) => {
    const kept = { ...value } as Record<string, unknown>;
    for (const [name] of secrets) if (name in kept) kept[name] = HIDDEN;
    return kept;
  };
}
