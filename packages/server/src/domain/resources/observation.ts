/**
 * Observations of metered resources, and what follows from them. They come from several sources, late, repeated and out of
 * order; the same observations in any order give the same resource. Rules H5 and H7.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { Findings, MeteredResource, Platform } from "./metered-resource.ts";

export type ObservationSource = "operator" | "ecs-events" | "kubernetes" | "web-identity" | "calls" | "silence";

/** What one source says of a resource at one time. */
export interface Observation {
  readonly source: ObservationSource;
  readonly resourceId: string;
  readonly platform: Platform;
  readonly externalId: string;
  readonly accountId: string;
  readonly region: string;
  /** When the source saw the resource, or told of it. Without a start, the resource is taken to run from then on. */
  readonly seenAtMs: EpochMs;
  readonly startedAtMs?: EpochMs | undefined;
  readonly stoppedAtMs?: EpochMs | undefined;
  /** Present where the source numbers the states of its resources. */
  readonly version?: number | undefined;
  readonly roleName?: string | undefined;
  /** Present where the source will tell when the resource is gone. */
  readonly watchId?: string | undefined;
  /** When the source looked for the resource and did not find it. */
  readonly missedAtMs?: EpochMs | undefined;
}

export const SILENCE_DAYS_MAX = 30;
export const FORGOTTEN_AFTER_DAYS = 35;
export const DAY_MS = 86_400_000;
const SILENCE_MS_MAX = SILENCE_DAYS_MAX * DAY_MS;

/** The resource as it is known after this observation. Both are of the same resource, account and region. */
export function observed(resource: MeteredResource | undefined, observation: Observation): MeteredResource {
  const { source, resourceId, platform, externalId, accountId, region, seenAtMs } = observation;
  const news = findingsOf(observation);
  const before = resource === undefined ? undefined : knownOf(resource);
  const findings = before === undefined ? news : joined(before, news);
  const heardAtMs = latest(resource?.heardAtMs, source === "silence" ? 0 : seenAtMs);
  const { startedAtMs, stoppedAtMs } = lifeOf(findings, heardAtMs);
  return {
    resourceId,
    platform,
    externalId,
    accountId,
    region,
    roleName: findings.role?.roleName,
    startedAtMs,
    stoppedAtMs,
    heardAtMs,
    version: findings.numbered?.version,
    registrations: resource?.registrations ?? [],
    findings,
  };
}

/** How old the last noted sign of life must be before a new one is noted. */
const HEARD_AGAIN_MS = 3_600_000;

/** Whether a sign of life must be noted now: the last one is an hour old, or the resource was thought to have ended. */
export function isNewSign(resource: MeteredResource, nowMs: EpochMs): boolean {
  return nowMs - resource.heardAtMs >= HEARD_AGAIN_MS || (resource.stoppedAtMs !== undefined && !isEndTold(resource));
}

function isEndTold({ findings }: MeteredResource): boolean {
  return findings === undefined || findings.stopped !== undefined || findings.numbered?.stoppedAtMs !== undefined;
}

/** Whether the resource's end was only concluded from silence: it may be running, and nobody tells of it. */
export function isGivenUp(resource: MeteredResource): boolean {
  const { heardAtMs, findings } = resource;
  return !isEndTold(resource) && (findings?.missedAtMs ?? Number.NEGATIVE_INFINITY) <= heardAtMs;
}

/** Rule H7: a resource that calls is running. The resource as it is then known; undefined where that is nothing new. */
export function heardCalling(resource: MeteredResource, nowMs: EpochMs): MeteredResource | undefined {
  const { resourceId, platform, externalId, accountId, region } = resource;
  if (!isNewSign(resource, nowMs)) return undefined;
  return observed(resource, { source: "calls", resourceId, platform, externalId, accountId, region, seenAtMs: nowMs });
}

/** Rule H7: the observation that nothing was heard of the resource for too long; undefined while silence is not too long. */
export function silenceOf(resource: MeteredResource, nowMs: EpochMs): Observation | undefined {
  const { resourceId, platform, externalId, accountId, region } = resource;
  const fromMs = silentFromMs(resource);
  if (fromMs === undefined || nowMs < fromMs) return undefined;
  return { source: "silence", resourceId, platform, externalId, accountId, region, seenAtMs: nowMs };
}

/** When the resource will be given up, unless something is heard of it; undefined where its end is known. */
export function silentFromMs({ heardAtMs, stoppedAtMs }: MeteredResource): EpochMs | undefined {
  return stoppedAtMs === undefined ? heardAtMs + SILENCE_MS_MAX : undefined;
}

/** Rule H8: whether the end is so long ago that the resource is forgotten once its use is in the ledger. */
export function isPast(stoppedAtMs: EpochMs | undefined, nowMs: EpochMs): boolean {
  return stoppedAtMs !== undefined && nowMs >= forgottenFromMs(stoppedAtMs);
}

export function forgottenFromMs(stoppedAtMs: EpochMs): EpochMs {
  return stoppedAtMs + FORGOTTEN_AFTER_DAYS * DAY_MS;
}

function findingsOf(observation: Observation): Findings {
  const { source, seenAtMs, startedAtMs, stoppedAtMs, version, roleName, watchId, missedAtMs } = observation;
  const told = { toldAtMs: seenAtMs };
  return {
    // An observation of silence has not seen the resource.
    firstSeenAtMs: source === "silence" ? Number.MAX_SAFE_INTEGER : seenAtMs,
    ...(source === "silence" ? { givenUpAtMs: seenAtMs } : {}),
    ...(version === undefined
      ? { startedAtMs, stopped: stoppedAtMs === undefined ? undefined : { stoppedAtMs, ...told } }
      : { numbered: { version, startedAtMs, stoppedAtMs } }),
    role: roleName === undefined ? undefined : { roleName, ...told },
    watch: watchId === undefined ? undefined : { watchId, ...told },
    missedAtMs,
  };
}

/** The findings of a resource; for a resource without findings, they are made from its other members. */
function knownOf({ findings, startedAtMs, stoppedAtMs, heardAtMs, roleName, version }: MeteredResource): Findings {
  if (findings !== undefined) return findings;
  const told = { toldAtMs: heardAtMs };
  const life = { startedAtMs, stoppedAtMs };
  return {
    firstSeenAtMs: Math.min(startedAtMs, heardAtMs),
    ...(version === undefined
      ? { startedAtMs, stopped: stoppedAtMs === undefined ? undefined : { stoppedAtMs, ...told } }
      : { numbered: { version, ...life } }),
    role: roleName === undefined ? undefined : { roleName, ...told },
  };
}

function joined(a: Findings, b: Findings): Findings {
  return {
    numbered: newestState(a.numbered, b.numbered),
    startedAtMs: earliest(a.startedAtMs, b.startedAtMs),
    firstSeenAtMs: Math.min(a.firstSeenAtMs, b.firstSeenAtMs),
    stopped: lastTold(a.stopped, b.stopped, (one, other) => one.stoppedAtMs < other.stoppedAtMs),
    role: lastTold(a.role, b.role, (one, other) => one.roleName < other.roleName),
    watch: lastTold(a.watch, b.watch, (one, other) => one.watchId < other.watchId),
    missedAtMs: latest(a.missedAtMs, b.missedAtMs),
    givenUpAtMs: latest(a.givenUpAtMs, b.givenUpAtMs),
  };
}

type NumberedState = Findings["numbered"];

function newestState(a: NumberedState, b: NumberedState): NumberedState {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return {
    version: a.version,
    startedAtMs: earliest(a.startedAtMs, b.startedAtMs),
    stoppedAtMs: earliest(a.stoppedAtMs, b.stoppedAtMs),
  };
}

/** The one that was told last; of two that were told at the same time, the choice does not depend on their order. */
function lastTold<T extends { readonly toldAtMs: EpochMs }>(
  a: T | undefined,
  b: T | undefined,
  comesFirst: (one: T, other: T) => boolean,
): T | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  if (a.toldAtMs !== b.toldAtMs) return a.toldAtMs > b.toldAtMs ? a : b;
  return comesFirst(a, b) ? a : b;
}

function lifeOf(findings: Findings, heardAtMs: EpochMs): { startedAtMs: EpochMs; stoppedAtMs: EpochMs | undefined } {
  const { numbered, stopped, firstSeenAtMs, missedAtMs, givenUpAtMs } = findings;
  const startedAtMs = earliest(numbered?.startedAtMs, findings.startedAtMs) ?? firstSeenAtMs;
  const told = earliest(numbered?.stoppedAtMs, stopped?.stoppedAtMs);
  const silentAtMs = heardAtMs + SILENCE_MS_MAX;
  // An end that was only concluded holds until something is heard of the resource again.
  const missed = missedAtMs !== undefined && missedAtMs > heardAtMs ? heardAtMs : undefined;
  const givenUp = givenUpAtMs !== undefined && givenUpAtMs >= silentAtMs ? silentAtMs : undefined;
  const stoppedAtMs = told ?? missed ?? givenUp;
  return { startedAtMs, stoppedAtMs: stoppedAtMs === undefined ? undefined : Math.max(stoppedAtMs, startedAtMs) };
}

function earliest(a: EpochMs | undefined, b: EpochMs | undefined): EpochMs | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.min(a, b);
}

function latest(a: EpochMs | undefined, b: EpochMs): EpochMs;
function latest(a: EpochMs | undefined, b: EpochMs | undefined): EpochMs | undefined;
function latest(a: EpochMs | undefined, b: EpochMs | undefined): EpochMs | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}
