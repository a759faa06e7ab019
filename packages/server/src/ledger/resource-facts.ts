/**
 * Metered resources in the ledger: facts of their own, kept by id as they are known now, each found again by its id, in a
 * listing, and when something is to be done about it. A change of one is part of the transaction that its entry is in.
 */
import type { EpochMs } from "@countinghouse/protocol";
import { dueAtMs } from "../domain/resources/due.ts";
import type { MeteredResource, Platform } from "../domain/resources/metered-resource.ts";

/** A resource put in place, or forgotten (`value` undefined). */
export interface ResourceChange {
  readonly resourceId: string;
  readonly value: MeteredResource | undefined;
}

export function putResource(value: MeteredResource): ResourceChange {
  return { resourceId: value.resourceId, value };
}

/** Which resources; what is undefined does not matter. */
export interface ResourceQuery {
  readonly platform?: Platform | undefined;
  readonly accountId?: string | undefined;
  /** Those that have registered this product. */
  readonly productCode?: string | undefined;
  /** Those that run at a time of the service clock, as far as is known; or those that do not. */
  readonly life?: { readonly live: boolean; readonly atMs: EpochMs } | undefined;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** Those that something is to be done about by a time of the service clock. */
export interface DueResourcesQuery {
  readonly byMs: EpochMs;
  readonly cursor?: string | undefined;
  readonly limit: number;
}

/** A change as it is handed to an engine: encoded, with what the resource is found by. */
export interface StagedResource {
  readonly resourceId: string;
  /** Undefined where it is forgotten. */
  readonly kept: KeptResource | undefined;
}

export interface KeptResource {
  readonly value: string;
  readonly platform: Platform;
  readonly accountId: string;
  readonly productCodes: readonly string[];
  /** Undefined while it runs, as far as is known. */
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

/** Rows that a page with conditions looks at: it may come out short, with a cursor to go on from. */
export const RESOURCES_LOOKED_AT_MAX = 10_000;
