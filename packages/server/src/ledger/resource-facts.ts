/**
 * Metered resources in the ledger. The store keeps the current state of each resource, and finds it by its id, in listings, and
 * by the time when work is due for it. A change of a resource is part of the transaction of the entry that says why.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { dueAtMs } from "../domain/resources/due.ts";
import type { MeteredResource, Platform } from "../domain/resources/metered-resource.ts";

/** The new state of a resource; `value` is undefined where the resource is forgotten. */
export interface ResourceChange {
  readonly resourceId: string;
  readonly value: MeteredResource | undefined;
}

export function putResource(value: MeteredResource): ResourceChange {
  return { resourceId: value.resourceId, value };
}

/** Which resources; a member that is undefined excludes none. */
export interface ResourceQuery {
  readonly platform?: Platform | undefined;
  readonly accountId?: string | undefined;
  /** Resources that have registered this product. */
  readonly productCode?: string | undefined;
  /** Resources that run (or do not run) at a time of the service clock, as far as is known. */
  readonly life?: { readonly live: boolean; readonly atMs: EpochMs } | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Resources for which work is due by a time of the service clock. */
export interface DueResourcesQuery {
  readonly byMs: EpochMs;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** A change in the form in which an engine gets it: encoded, with the columns by which the resource is found. */
export interface StagedResource {
  readonly resourceId: string;
  /** Undefined where the resource is forgotten. */
  readonly kept: KeptResource | undefined;
}

export interface KeptResource {
  readonly value: string;
  readonly platform: Platform;
  readonly accountId: string;
  readonly productCodes: readonly string[];
  /** Undefined while the resource runs, as far as is known. */
  readonly stoppedAtMs: EpochMs | undefined;
  /** See `dueAtMs`. */
  readonly dueAtMs: EpochMs | undefined;
}

export function stagedResource({ resourceId, value }: ResourceChange): StagedResource {
  return { resourceId, kept: value && keptResource(value) };
}

function keptResource(resource: MeteredResource): KeptResource {
  const { platform, accountId, registrations, stoppedAtMs } = resource;
  return {
    value: JSON.stringify(resource),
    platform,
    accountId,
    productCodes: registrations.map(({ productCode }) => productCode),
    stoppedAtMs,
    dueAtMs: dueAtMs(resource),
  };
}

export function decodeResource(value: string): MeteredResource {
  return JSON.parse(value) as MeteredResource;
}

/** How many rows a page with conditions looks at, at most. A page may be short and still have a cursor to go on from. */
export const RESOURCES_LOOKED_AT_MAX = 10_000;
