/** Metered resources and their lives, for tests of several rooms. */
import type { MeteredResource, UsageRegistration } from "../src/domain/resources/metered-resource.ts";
import type { Observation } from "../src/domain/resources/observation.ts";

const RESOURCE_ID = "eks-0123456789abcdef0123456789abcdef";
export const REGISTERED_PRODUCT = "4abcdefghijklmnopqrstuvwx";

export const IDENTITY = {
  resourceId: RESOURCE_ID,
  platform: "eks",
  externalId: "11111111-2222-4333-8444-555555555555",
  accountId: "444455556666",
  region: "us-east-1",
} as const;

/** It registered as soon as it started, unless `over` says otherwise. */
export function runningResource(over: Partial<MeteredResource> & { startedAtMs: number }): MeteredResource {
  return {
    ...IDENTITY,
    heardAtMs: over.startedAtMs,
    registrations: [{ productCode: REGISTERED_PRODUCT, registeredAtMs: over.startedAtMs }],
    ...over,
  };
}

export function registrationIn(resource: MeteredResource): UsageRegistration {
  const [registration] = resource.registrations;
  if (registration === undefined) throw new Error("It is not registered.");
  return registration;
}

export function sighting(over: Partial<Observation> & { seenAtMs: number }): Observation {
  return { ...IDENTITY, source: "kubernetes", ...over };
}
