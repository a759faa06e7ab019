/** When something is to be done about a resource next, so that the others need not be looked at. Rules H4, H7 and H8. */
import type { EpochMs } from "@countinghouse/protocol";
import { dueFromMs, isSettled } from "./accrual.ts";
import type { MeteredResource } from "./metered-resource.ts";
import { forgottenFromMs, isGivenUp, silentFromMs } from "./observation.ts";

/** From when on the control plane has work with it, as it is known now; undefined where nothing will be due by time alone. */
export function dueAtMs(resource: MeteredResource): EpochMs | undefined {
  const { registrations } = resource;
  const uses = registrations.map((registration) => dueFromMs(resource, registration));
  const times = [silentFromMs(resource), ...uses, forgettableFromMs(resource)].filter((time) => time !== undefined);
  return times.length === 0 ? undefined : Math.min(...times);
}

/** Rule H8: whether nothing is lost when it is forgotten. */
export function isForgettable(resource: MeteredResource | undefined, nowMs: EpochMs): boolean {
  const fromMs = resource && forgettableFromMs(resource);
  return fromMs !== undefined && nowMs >= fromMs;
}

function forgettableFromMs(resource: MeteredResource): EpochMs | undefined {
  const { stoppedAtMs, heardAtMs, registrations } = resource;
  if (stoppedAtMs === undefined) return undefined;
  // What is registered and was only given up may be running; its end is yet to be told.
  if (registrations.length > 0 && isGivenUp(resource)) return undefined;
  if (!registrations.every((registration) => isSettled(resource, registration))) return undefined;
  // From when it was told: a wrong end can still be put right, and hours of before are too old to be met again.
  return forgottenFromMs(Math.max(stoppedAtMs, heardAtMs));
}
