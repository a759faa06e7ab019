/**
 * Accrual: the use of a registered resource, hour by hour, to the second, and what of it is still to be put in the ledger.
 * An hour's seconds are the difference of two readings of one counter, so that the hours of a life always add up to it.
 * Rules H1 to H4.
 */
import { HOUR_MS, type EpochMs } from "@countinghouse/protocol";
import type { MeteredResource, ResourceLife, UsageRegistration } from "./metered-resource.ts";
import { hourOf } from "../metering/metering-record.ts";

/** Rule H2: registered within this time of its launch, a resource is metered from the launch on. */
export const FROM_LAUNCH_HOURS = 6;
/** Rule H3. */
export const SECONDS_MIN = 60;
/** Rule H4: how long an hour may still change without an adjustment. */
export const PROVISIONAL_HOURS = 6;

/** Use of one hour that the ledger does not hold. */
export interface HourUse {
  /** Whole hours since the epoch. */
  readonly hour: number;
  /** Less than zero where an adjustment takes away. */
  readonly seconds: number;
  /** Which one, from 1, where the hour was in the ledger before. */
  readonly adjustment?: number | undefined;
}

/** What is put in the ledger at once, and the registration as it is with that. */
export interface AccrualStep {
  readonly uses: readonly HourUse[];
  readonly registration: UsageRegistration;
}

/** Rule H2: from when on the use of a resource counts. */
export function billedFromMs({ startedAtMs }: ResourceLife, { registeredAtMs }: UsageRegistration): EpochMs {
  if (registeredAtMs <= startedAtMs + FROM_LAUNCH_HOURS * HOUR_MS) return startedAtMs;
  return Math.max(startedAtMs, monthStartMs(registeredAtMs));
}

/** The first moment of the month (UTC) that a time lies in. */
function monthStartMs(atMs: EpochMs): EpochMs {
  const at = new Date(atMs);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth());
}

/** A life as it counts: from when on, until when. */
export interface CountedLife {
  readonly fromMs: EpochMs;
  /** Absent while it runs. */
  readonly untilMs?: EpochMs | undefined;
}

export function countedLife(life: ResourceLife, registration: UsageRegistration): CountedLife {
  const fromMs = billedFromMs(life, registration);
  const { stoppedAtMs } = life;
  return stoppedAtMs === undefined ? { fromMs } : { fromMs, untilMs: Math.max(fromMs, stoppedAtMs) };
}

/** Seconds of use in an hour. Over all hours: the whole seconds that it ran, or the least that is metered (Rule H3). */
export function secondsIn(hour: number, life: CountedLife): number {
  const first = hour * HOUR_MS;
  const ran = secondsUntil(first + HOUR_MS, life) - secondsUntil(first, life);
  if (life.untilMs === undefined || hour !== lastHourOf(life)) return ran;
  return ran + Math.max(0, SECONDS_MIN - secondsUntil(life.untilMs, life));
}

function secondsUntil(atMs: EpochMs, { fromMs, untilMs = Number.POSITIVE_INFINITY }: CountedLife): number {
  return Math.floor(Math.max(0, Math.min(atMs, untilMs) - fromMs) / 1000);
}

/** The last hour in which it ran; of one that ended on the hour, the hour before; of one that runs, infinity. */
function lastHourOf({ fromMs, untilMs = Number.POSITIVE_INFINITY }: CountedLife): number {
  return hourOf(Math.max(fromMs, untilMs - 1));
}

/** The hour from which on nothing is final yet. Rule H4. */
function provisionalFromHour(nowMs: EpochMs): number {
  return hourOf(nowMs - PROVISIONAL_HOURS * HOUR_MS);
}

/**
 * What has become due, at most `usesMax` uses of it, or undefined where nothing has. First the hours that are in the ledger
 * are made to agree with the life as it is known now; then come the hours that have become final since.
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

/** From when on `due` has something; undefined where the ledger holds all there will be, as far as is known. */
export function dueFromMs(resource: MeteredResource, registration: UsageRegistration): EpochMs | undefined {
  const { accruedToHour, accruedBy, adjusting } = registration;
  const isInStep = adjusting === undefined && (accruedBy === undefined || sameLife(accruedBy, resource));
  // News are made good at once.
  if (!isInStep) return 0;
  const life = countedLife(resource, registration);
  const hour = accruedToHour ?? hourOf(life.fromMs);
  if (hour > lastHourOf(life)) return undefined;
  return (hour + 1 + PROVISIONAL_HOURS) * HOUR_MS;
}

/** Brings what the ledger holds in line with the life as it is known now. One adjustment is finished before the next begins. */
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
  // Numbers are used up by adjustments that changed something.
  const counted = adjusting === undefined && uses.length === 0 ? rest : { ...rest, adjustments: adjustment };
  if (hour < accruedToHour) return { uses, registration: { ...counted, adjusting: { toHour: hour, by } } };
  return { uses, registration: { ...counted, accruedBy: by } };
}

/** The hours that have become final. */
function accrue(
  resource: MeteredResource,
  registration: UsageRegistration,
  nowMs: EpochMs,
  usesMax: number,
): AccrualStep {
  const { accruedToHour, accruedBy, adjusting } = registration;
  // Until adjustments have caught up with the news, hours of two lives would stand side by side.
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

/** What the ledger does not hold of some hours (the last one not included), as the life is known now. Rule H4. */
export function outstanding(
  resource: MeteredResource,
  registration: UsageRegistration,
  nowMs: EpochMs,
  { fromHour, toHour }: { readonly fromHour: number; readonly toHour: number },
): HourUse[] {
  // What runs has run until now; an end that is yet to come is none.
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

/** The same as `secondsIn`, of what has not ended: nothing is topped up yet. */
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

/** Whether a record of the ledger is one that the registration knows of; those written after it was read are not. */
export function isKnownTo(registration: UsageRegistration, hour: number, adjustment: number | undefined): boolean {
  const { registeredAtMs, accruedToHour, adjusting, adjustments = 0 } = registration;
  // Hours of before any that can be its own: of the same resource, known and forgotten before (Rule H8).
  const ownFromMs = Math.min(registeredAtMs - FROM_LAUNCH_HOURS * HOUR_MS, monthStartMs(registeredAtMs));
  if (hour < hourOf(ownFromMs)) return true;
  if (adjustment === undefined) return accruedToHour !== undefined && hour < accruedToHour;
  if (adjustment !== adjustments) return adjustment < adjustments;
  return adjusting === undefined || hour < adjusting.toHour;
}

/** Whether the ledger holds all use there will ever be of it, as far as is known. */
export function isSettled(resource: MeteredResource, registration: UsageRegistration): boolean {
  const { accruedToHour, accruedBy, adjusting } = registration;
  if (accruedToHour === undefined || accruedBy === undefined || adjusting !== undefined) return false;
  // What runs has no last hour.
  return sameLife(accruedBy, resource) && accruedToHour > lastHourOf(countedLife(resource, registration));
}

function lifeOf({ startedAtMs, stoppedAtMs }: ResourceLife): ResourceLife {
  return stoppedAtMs === undefined ? { startedAtMs } : { startedAtMs, stoppedAtMs };
}

function sameLife(a: ResourceLife, b: ResourceLife): boolean {
  return a.startedAtMs === b.startedAtMs && a.stoppedAtMs === b.stoppedAtMs;
}
