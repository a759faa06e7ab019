/** When work is due next for a resource, so that other resources need not be looked at. Rules H4, H7 and H8. */
import type { EpochMs } from "@countinghouse/protocol";
import { dueFromMs, isSettled } from "./accrual.ts";
import type { MeteredResource } from "./metered-resource.ts";
import { forgottenFromMs, isGivenUp, silentFromMs } from "./observation.ts";

/** When the control plane must look at the resource next; undefined where time alone makes nothing due. */
export function dueAtMs(resource: MeteredResource): EpochMs | undefined {
  const { registrations } = resource;
  const uses = registrations.map((registration) => dueFromMs(resource, registration));
  const times = [silentFromMs(resource), ...uses, forgettableFromMs(resource)].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Rule H8: whether nothing is lost if the resource is forgotten. */
export function isForgettable(resource: MeteredResource | undefined, nowMs: EpochMs): boolean {
  const fromMs = resource && forgettableFromMs(resource);
  return fromMs !== undefined && nowMs >= fromMs;
}

function forgettableFromMs(resource: MeteredResource): EpochMs | undefined {
  const { stoppedAtMs, heardAtMs, registrations } = resource;
  if (stoppedAtMs === undefined) return undefined;
  // A registered resource that was only given up may be running; a source may still tell of its end.
  if (registrations.length > 0 && isGivenUp(resource)) return undefined;
  if (!registrations.every((registration) => isSettled(resource, registration))) return undefined;
  // Counted from the time when the end was told: a wrong end can still be corrected, and older hours can no longer be metered.
  return forgottenFromMs(Math.max(stoppedAtMs, heardAtMs));
}
