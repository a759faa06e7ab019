/** Whether a row says the same of a resource as the resource in it: otherwise it is not found, or not when it is due. */
import { decodeResource, putResource, stagedResource, type KeptResource } from "./resource-facts.ts";

/** A resource as a store keeps it. */
interface ResourceRow extends KeptResource {
  readonly resourceId: string;
}

/** The first member that differs, in a sentence; undefined where none does. */
export function resourceDisagreement({ resourceId, ...row }: ResourceRow): string | undefined {
  let kept: ResourceRow | undefined;
  try {
    const resource = decodeResource(row.value);
    kept = { resourceId: resource.resourceId, ...(stagedResource(putResource(resource)).kept as KeptResource) };
  } catch {
    return `Resource ${resourceId} cannot be read.`;
  }
  const told: ResourceRow = { resourceId, ...row };
  for (const name of ["resourceId", "platform", "accountId", "productCodes", "stoppedAtMs", "dueAtMs"] as const) {
    const [found, expected] = [told[name], kept[name]].map((value) => (value === undefined ? "none" : String(value)));
    if (found !== expected) return `Resource ${resourceId} is kept with the ${name} ${found}, and not ${expected}.`;
  }
  return undefined;
}
