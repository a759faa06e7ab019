import { HOUR_MS } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { due, isSettled } from "./accrual.ts";
import { dueAtMs, isForgettable } from "./due.ts";
import type { MeteredResource, UsageRegistration } from "./metered-resource.ts";
import { DAY_MS, observed, silenceOf, type Observation } from "./observation.ts";

const START_MS = Date.UTC(2026, 2, 14, 12, 30);
const WHO = {
  resourceId: "ecs-1",
  platform: "ecs",
  externalId: "a task",
  accountId: "444455556666",
  region: "us-east-1",
} as const;

/** Whether work is due at a time, by asking each rule itself. */
function isDue(resource: MeteredResource, nowMs: number): boolean {
  return (
    silenceOf(resource, nowMs) !== undefined ||
    isForgettable(resource, nowMs) ||
    resource.registrations.some((registration) => due(resource, registration, nowMs) !== undefined)
  );
}

const at = fc.oneof(fc.nat({ max: 200 * 24 }).map((hours) => START_MS + hours * HOUR_MS), fc.nat({ max: 40 * DAY_MS }).map((ms) => START_MS + ms)); // prettier-ignore
const observation: fc.Arbitrary<Observation> = fc.record(
  {
    source: fc.constantFrom("operator" as const, "ecs-events" as const, "silence" as const, "calls" as const),
    resourceId: fc.constant(WHO.resourceId),
    platform: fc.constant(WHO.platform),
    externalId: fc.constant(WHO.externalId),
    accountId: fc.constant(WHO.accountId),
    region: fc.constant(WHO.region),
    seenAtMs: at,
    startedAtMs: at,
    stoppedAtMs: at,
    missedAtMs: at,
    version: fc.nat({ max: 3 }),
  },
  { requiredKeys: ["source", "resourceId", "platform", "externalId", "accountId", "region", "seenAtMs"] },
);
type Step =
  | { readonly kind: "observe"; readonly observation: Observation }
  | { readonly kind: "register"; readonly productCode: string; readonly atMs: number }
  | { readonly kind: "accrue"; readonly atMs: number; readonly usesMax: number };
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("observe" as const), observation }),
  fc.record({ kind: fc.constant("register" as const), productCode: fc.constantFrom("a", "b"), atMs: at }),
  fc.record({ kind: fc.constant("accrue" as const), atMs: at, usesMax: fc.constantFrom(1, 20, 10_000) }),
);

function taken(resource: MeteredResource | undefined, next: Step): MeteredResource | undefined {
  if (next.kind === "observe") {
    // Only a known resource can be given up.
    const isOfNothing = resource === undefined && next.observation.source === "silence";
    return isOfNothing ? undefined : observed(resource, next.observation);
  }
  if (resource === undefined) return undefined;
  if (next.kind === "register") {
    const registration = { productCode: next.productCode, registeredAtMs: next.atMs };
    const others = resource.registrations.filter(({ productCode }) => productCode !== next.productCode);
    return { ...resource, registrations: [...others, registration] };
  }
  const accrued = (registration: UsageRegistration): UsageRegistration =>
    due(resource, registration, next.atMs, next.usesMax)?.registration ?? registration;
  return { ...resource, registrations: resource.registrations.map(accrued) };
}

test("Rules H4, H7 and H8: a resource is due exactly from when there is something to be done about it", () => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 8 }), fc.array(at, { maxLength: 5 }), (steps, times) => {
      const resource = steps.reduce<MeteredResource | undefined>(taken, undefined);
      if (resource === undefined) return;
      const fromMs = dueAtMs(resource);
      for (const nowMs of [...times, ...(fromMs === undefined ? [] : [Math.max(0, fromMs - 1), fromMs, fromMs + 1])]) {
        expect(isDue(resource, nowMs), new Date(nowMs).toISOString()).toBe(fromMs !== undefined && nowMs >= fromMs);
      }
    }),
    { numRuns: 2_000 },
  );
});

test("Rule H8: what runs is due by the hour once it is registered; what is settled, when it may be forgotten", () => {
  const runs = observed(undefined, { ...WHO, source: "operator", seenAtMs: START_MS });
  expect(dueAtMs(runs), "given up").toBe(START_MS + 30 * DAY_MS);
  const registered = { ...runs, registrations: [{ productCode: "a", registeredAtMs: START_MS }] };
  const firstHour = Math.floor(START_MS / HOUR_MS);
  expect(dueAtMs(registered), "six hours after the end of its first hour").toBe((firstHour + 7) * HOUR_MS);
  const ended = observed(registered, { ...WHO, source: "operator", seenAtMs: START_MS, stoppedAtMs: START_MS + 1_000 });
  const settled = taken(ended, { kind: "accrue", atMs: START_MS + 8 * HOUR_MS, usesMax: 10 }) as MeteredResource;
  expect(settled.registrations.every((registration) => isSettled(settled, registration))).toBe(true);
  expect(dueAtMs(settled)).toBe(START_MS + 1_000 + 35 * DAY_MS);
});
