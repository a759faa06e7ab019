/** Metered resources by id, in the order of their ids, and in the order of their due times. */
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { Page } from "../../ledger/ledger.ts";
import { dueCursor, idCursor, readDueCursor, readIdCursor } from "../../ledger/resource-cursors.ts";
import {
  decodeResource,
  RESOURCES_LOOKED_AT_MAX,
  type DueResourcesQuery,
  type KeptResource,
  type ResourceQuery,
  type StagedResource,
} from "../../ledger/resource-facts.ts";

export class ResourceList {
  readonly #kept = new Map<string, KeptResource>();
  /** Undefined after a resource has come or gone; the next listing sorts the ids again. */
  #ids: string[] | undefined;

  keep(changes: readonly StagedResource[]): void {
    for (const { resourceId, kept } of changes) {
      if (this.#kept.has(resourceId) !== (kept !== undefined)) this.#ids = undefined;
      if (kept === undefined) this.#kept.delete(resourceId);
      else this.#kept.set(resourceId, kept);
    }
  }

  find(resourceId: string): MeteredResource | undefined {
    const kept = this.#kept.get(resourceId);
    return kept && decodeResource(kept.value);
  }

  /** Throws InvalidCursorError. */
  page(query: ResourceQuery): Page<MeteredResource> {
    const ids = this.#sortedIds();
    const after = query.cursor === undefined ? "" : readIdCursor(query.cursor);
    const from = firstAfter(ids, after);
    const items: MeteredResource[] = [];
    for (let at = from; at < ids.length; at += 1) {
      if (items.length === query.limit || at - from === RESOURCES_LOOKED_AT_MAX) {
        return { items, nextCursor: idCursor(ids[at - 1] as string) };
      }
      const kept = this.#kept.get(ids[at] as string) as KeptResource;
      if (isMeant(kept, query)) items.push(decodeResource(kept.value));
    }
    return { items };
  }

  /** Throws InvalidCursorError. */
  duePage({ byMs, cursor, limit }: DueResourcesQuery): Page<MeteredResource> {
    const [afterMs, afterId] = cursor === undefined ? [Number.NEGATIVE_INFINITY, ""] : readDueCursor(cursor);
    const due = [...this.#kept]
      .map(([id, { dueAtMs = Number.POSITIVE_INFINITY }]) => [dueAtMs, id] as const)
      .filter(([atMs, id]) => atMs <= byMs && (atMs > afterMs || (atMs === afterMs && id > afterId)))
      .toSorted(([a, idA], [b, idB]) => a - b || (idA < idB ? -1 : 1));
    const items = due.slice(0, limit).map(([, id]) => this.find(id) as MeteredResource);
    const last = due[limit - 1];
    return due.length <= limit || last === undefined ? { items } : { items, nextCursor: dueCursor(last) };
  }

  #sortedIds(): readonly string[] {
    this.#ids ??= [...this.#kept.keys()].toSorted();
    return this.#ids;
  }
}

function isMeant({ platform, accountId, productCodes, stoppedAtMs }: KeptResource, query: ResourceQuery): boolean {
  const { life } = query;
  return (
    (query.platform === undefined || query.platform === platform) &&
    (query.accountId === undefined || query.accountId === accountId) &&
    (query.productCode === undefined || productCodes.includes(query.productCode)) &&
    (life === undefined || (stoppedAtMs === undefined || life.atMs < stoppedAtMs) === life.live)
  );
}

function firstAfter(ids: readonly string[], id: string): number {
  let low = 0;
  let high = ids.length;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((ids[middle] as string) <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}
