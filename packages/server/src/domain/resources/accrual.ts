/**
 * Accrual: the use of a registered resource, hour by hour and to the second, and which of it must still go into the ledger. An
 * hour's seconds are the difference of two readings of one counter, so the hours of a life always add up to the whole life.
 * Rules H1 to H4.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import type { MeteredResource, ResourceLife, UsageRegistration } from "./metered-resource.ts";
import { hourOf } from "../metering/metering-record.ts";

/** Rule H2: a resource that registers within this time after its launch is metered from the launch on. */
export const FROM_LAUNCH_HOURS = 6;
/** Rule H3. */
export const SECONDS_MIN = 60;
/** Rule H4: for how long after its end an hour may change without an adjustment. */
export const PROVISIONAL_HOURS = 6;

/** Use of one hour that the ledger does not hold yet. */
export interface HourUse {
  /** Whole hours since the epoch. */
  readonly hour: number;
  /** Less than zero where an adjustment takes use away. */
  readonly seconds: number;
  /** The number of the adjustment, from 1; absent where the ledger had nothing for the hour yet. */
  readonly adjustment?: number | undefined;
}

/** The uses that go into the ledger together, and the registration after that. */
export interface AccrualStep {
  readonly uses: readonly HourUse[];
  readonly registration: UsageRegistration;
}

/** Rule H2: the time from which a resource's use counts. */
export function billedFromMs({ startedAtMs }: ResourceLife, { registeredAtMs }: UsageRegistration): EpochMs {
  if (registeredAtMs <= startedAtMs + FROM_LAUNCH_HOURS * HOUR_MS) return startedAtMs;
  return Math.max(startedAtMs, monthStartMs(registeredAtMs));
}

function monthStartMs(atMs: EpochMs): EpochMs {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
}

/** The part of a life that counts: its beginning and its end. */
export interface CountedLife {
  readonly fromMs: EpochMs;
  /** Absent while the resource runs. */
  readonly untilMs?: EpochMs | undefined;
}

export function countedLife(life: ResourceLife, registration: UsageRegistration): CountedLife {
  const fromMs = billedFromMs(life, registration);
  const { stoppedAtMs } = life;
  return stoppedAtMs === undefined ? { fromMs } : { fromMs, untilMs: Math.max(fromMs, stoppedAtMs) };
}

/** Seconds of use in an hour. Over all hours they add up to the whole seconds of the life, or to the minimum (Rule H3). */
export function secondsIn(hour: number, life: CountedLife): number {
  const first = hour * HOUR_MS;
  const ran = secondsUntil(first + HOUR_MS, life) - secondsUntil(first, life);
  if (life.untilMs === undefined || hour !== lastHourOf(life)) return ran;
  return ran + Math.max(0, SECONDS_MIN - secondsUntil(life.untilMs, life));
}

function secondsUntil(atMs: EpochMs, { fromMs, untilMs = Number.POSITIVE_INFINITY }: CountedLife): number {
  return Math.floor(Math.max(0, Math.min(atMs, untilMs) - fromMs) / 1000);
}

/** The last hour in which the resource ran: the hour before, if it ended on the hour; infinity, if it still runs. */
function lastHourOf({ fromMs, untilMs = Number.POSITIVE_INFINITY }: CountedLife): number {
  return hourOf(Math.max(fromMs, untilMs - 1));
}

/** The first hour that is not final yet. Rule H4. */
function provisionalFromHour(nowMs: EpochMs): number {
  return hourOf(nowMs - PROVISIONAL_HOURS * HOUR_MS);
}

/**
 * The due work, at most `usesMax` uses of it; undefined where nothing is due. First, hours in the ledger are adjusted to the
 * life as it is known now; then the hours follow that have become final since.
 */
export function due(
  resource: MeteredResource,
  registration: UsageRegistration,
  nowMs: EpochMs,
  usesMax = Number.POSITIVE_INFINITY,
): AccrualStep | undefined {
  const corrected = adjust(resource, registration, usesMax);
  const finals = accrue(resource, corrected.registration, nowMs, usesMax - corrected.uses.length);
  const step = { uses: [...corrected.uses, ...finals.uses], registration: finals.registration };
  return step.registration === registration ? undefined : step;
}

/** When `due` will have work; undefined where the ledger holds all use that there will be, as far as is known. */
export function dueFromMs(resource: MeteredResource, registration: UsageRegistration): EpochMs | undefined {
  const { accruedToHour, accruedBy, adjusting } = registration;
  const isInStep = adjusting === undefined && (accruedBy === undefined || sameLife(accruedBy, resource));
  // A change of the known life is adjusted at once.
  if (!isInStep) return 0;
  const life = countedLife(resource, registration);
  const hour = accruedToHour ?? hourOf(life.fromMs);
  if (hour > lastHourOf(life)) return undefined;
  return (hour + 1 + PROVISIONAL_HOURS) * HOUR_MS;
}

/** Adjusts what the ledger holds to the life as it is known now. One adjustment is finished before the next begins. */
function adjust(resource: MeteredResource, registration: UsageRegistration, usesMax: number): AccrualStep {
  const { accruedToHour, accruedBy, adjustments = 0 } = registration;
  if (accruedToHour === undefined || accruedBy === undefined) return { uses: [], registration };
  const { adjusting } = registration;
  if (adjusting === undefined && sameLife(accruedBy, resource)) return { uses: [], registration };
  const by = adjusting?.by ?? lifeOf(resource);
  const adjustment = adjusting === undefined ? adjustments + 1 : adjustments;
  const held = countedLife(accruedBy, registration);
  const wanted = countedLife(by, registration);
  const uses: HourUse[] = [];
  let hour = adjusting?.toHour ?? hourOf(Math.min(held.fromMs, wanted.fromMs));
  for (; hour < accruedToHour; hour += 1) {
    const seconds = secondsIn(hour, wanted) - secondsIn(hour, held);
    if (seconds === 0) continue;
    if (uses.length >= usesMax) break;
    uses.push({ hour, seconds, adjustment });
  }
  const { adjusting: _, ...rest } = registration;
  // An adjustment that changed nothing does not use up a number.
  const counted = adjusting === undefined && uses.length === 0 ? rest : { ...rest, adjustments: adjustment };
  if (hour < accruedToHour) return { uses, registration: { ...counted, adjusting: { toHour: hour, by } } };
  return { uses, registration: { ...counted, accruedBy: by } };
}

/** Puts the hours that have become final into the ledger. */
function accrue(
  resource: MeteredResource,
  registration: UsageRegistration,
  nowMs: EpochMs,
  usesMax: number,
): AccrualStep {
  const { accruedToHour, accruedBy, adjusting } = registration;
  // New hours wait until adjustments are done: otherwise the ledger would hold hours of two different lives.
  if (adjusting !== undefined || (accruedBy !== undefined && !sameLife(accruedBy, resource))) {
    return { uses: [], registration };
  }
  const life = countedLife(resource, registration);
  const toHour = Math.min(provisionalFromHour(nowMs), lastHourOf(life) + 1);
  const uses: HourUse[] = [];
  let hour = accruedToHour ?? hourOf(life.fromMs);
  if (hour >= toHour) return { uses, registration };
  for (; hour < toHour && uses.length < usesMax; hour += 1) {
    const seconds = secondsIn(hour, life);
    if (seconds !== 0) uses.push({ hour, seconds });
  }
  if (hour === (accruedToHour ?? hourOf(life.fromMs))) return { uses, registration };
  return { uses, registration: { ...registration, accruedToHour: hour, accruedBy: lifeOf(resource) } };
}

/** The use in some hours (the last one not included) that the ledger does not hold, by the life as it is known now. Rule H4. */
export function outstanding(
  resource: MeteredResource,
  registration: UsageRegistration,
  nowMs: EpochMs,
  { fromHour, toHour }: { readonly fromHour: number; readonly toHour: number },
): HourUse[] {
  // A running resource has run until now; an end in the future does not count yet.
  const { startedAtMs, stoppedAtMs } = resource;
  const ended = stoppedAtMs !== undefined && stoppedAtMs <= nowMs;
  const life = countedLife({ startedAtMs, stoppedAtMs: ended ? stoppedAtMs : undefined }, registration);
  const untilNow = { ...life, untilMs: Math.max(life.fromMs, nowMs) };
  const { accruedToHour = 0, accruedBy, adjusting } = registration;
  const held = [accruedBy, adjusting?.by].flatMap((by) => (by === undefined ? [] : countedLife(by, registration)));
  const isInStep = adjusting === undefined && accruedBy !== undefined && sameLife(accruedBy, resource);
  const firstHour = isInStep ? accruedToHour : hourOf(Math.min(life.fromMs, ...held.map(({ fromMs }) => fromMs)));
  const lastHour = Math.max(ended ? lastHourOf(life) : hourOf(nowMs), accruedToHour - 1);
  const uses: HourUse[] = [];
  for (let hour = Math.max(fromHour, firstHour); hour < Math.min(toHour, lastHour + 1); hour += 1) {
    const wanted = ended ? secondsIn(hour, life) : secondsRunIn(hour, untilNow);
    const seconds = wanted - secondsHeldIn(hour, registration);
    if (seconds !== 0) uses.push({ hour, seconds });
  }
  return uses;
}

/** Like `secondsIn`, for a life that has not ended: the minimum is not added yet. */
function secondsRunIn(hour: number, life: CountedLife): number {
  return secondsUntil((hour + 1) * HOUR_MS, life) - secondsUntil(hour * HOUR_MS, life);
}

/** What the ledger holds of an hour, adjustments included. */
function secondsHeldIn(hour: number, registration: UsageRegistration): number {
  const { accruedToHour, accruedBy, adjusting } = registration;
  if (accruedToHour === undefined || accruedBy === undefined || hour >= accruedToHour) return 0;
  const by = adjusting !== undefined && hour < adjusting.toHour ? adjusting.by : accruedBy;
  return secondsIn(hour, countedLife(by, registration));
}

/** Whether the registration counts a record of the ledger. Records that were written after it was read do not count. */
export function isKnownTo(registration: UsageRegistration, hour: number, adjustment: number | undefined): boolean {
  const { registeredAtMs, accruedToHour, adjusting, adjustments = 0 } = registration;
  // Records of older hours are of the same resource's earlier registration, before it was forgotten (Rule H8).
  const ownFromMs = Math.min(registeredAtMs - FROM_LAUNCH_HOURS * HOUR_MS, monthStartMs(registeredAtMs));
  if (hour < hourOf(ownFromMs)) return true;
  if (adjustment === undefined) return accruedToHour !== undefined && hour < accruedToHour;
  if (adjustment !== adjustments) return adjustment < adjustments;
  return adjusting === undefined || hour < adjusting.toHour;
}

/** Whether the ledger holds all use that there will ever be of the registration, as far as is known. */
export function isSettled(resource: MeteredResource, registration: UsageRegistration): boolean {
  const { accruedToHour, accruedBy, adjusting } = registration;
  if (accruedToHour === undefined || accruedBy === undefined || adjusting !== undefined) return false;
  // For a running resource the last hour is infinity.
  return sameLife(accruedBy, resource) && accruedToHour > lastHourOf(countedLife(resource, registration));
}

function lifeOf({ startedAtMs, stoppedAtMs }: ResourceLife): ResourceLife {
  return stoppedAtMs === undefined ? { startedAtMs } : { startedAtMs, stoppedAtMs };
}

function sameLife(a: ResourceLife, b: ResourceLife): boolean {
  return a.startedAtMs === b.startedAtMs && a.stoppedAtMs === b.stoppedAtMs;
}
