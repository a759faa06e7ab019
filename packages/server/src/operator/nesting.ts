/** How deep JSON goes that no schema bounds: code that goes down level by level would run out of stack. */

/** More than any document of ours, or of ECS, needs. */
export const DEPTH_MAX = 32;

export function isNestedWithin(value: unknown, levels: number = DEPTH_MAX): boolean {
  if (typeof value !== "object" || value === null) return true;
  return levels > 0 && Object.values(value).every((member) => isNestedWithin(member, levels - 1));
}
