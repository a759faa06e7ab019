/** Finds metered resources: by id, in listings, and by due time. */
import type { MeteredResource } from "../../../domain/resources/metered-resource.ts";
import type { Page } from "../../../ledger/ledger.ts";
import { dueCursor, idCursor, readDueCursor, readIdCursor } from "../../../ledger/resource-cursors.ts";
import {
  decodeResource,
  RESOURCES_LOOKED_AT_MAX,
  type DueResourcesQuery,
  type ResourceQuery,
} from "../../../ledger/resource-facts.ts";
import { texts } from "../arrays.ts";
import type { Queryable } from "../reading/record-pointers.ts";
import { isStorable } from "../rows.ts";

/** By id: the revision that was read, and the resource. */
export type FoundResources = ReadonlyMap<string, FoundResource>;

interface FoundResource {
  readonly revision: bigint;
  readonly resource: MeteredResource;
}

interface ResourceRow {
  readonly id: string;
  readonly value: string;
}

const FIND = "SELECT id, revision, value FROM countinghouse.resource WHERE id = ANY ($1::text[])";

export async function findResources(db: Queryable, resourceIds: readonly string[]): Promise<FoundResources> {
  const ids = resourceIds.filter(isStorable);
  if (ids.length === 0) return new Map();
  const { rows } = await db.query<ResourceRow & { readonly revision: string }>({
    name: "find-resources",
    text: FIND,
    values: [texts(ids)],
  });
  return new Map(
    rows.map(({ id, revision, value }) => [id, { revision: BigInt(revision), resource: decodeResource(value) }]),
  );
}

/** The id of the last row that a page looks at. */
const LAST_LOOKED_AT = `SELECT id FROM countinghouse.resource WHERE id > $1 ORDER BY id
  LIMIT 1 OFFSET ${RESOURCES_LOOKED_AT_MAX - 1}`;

/** A condition that was not asked for is null, and then holds for every row. */
const LIST = `SELECT id, value FROM countinghouse.resource
  WHERE id > $1 AND ($2::text IS NULL OR id <= $2) AND ($3::text IS NULL OR platform = $3)
    AND ($4::text IS NULL OR account = $4) AND ($5::text IS NULL OR products ? $5)
    AND ($6::boolean IS NULL OR (stopped_at_ms IS NULL OR stopped_at_ms > $7) = $6)
  ORDER BY id LIMIT $8`;

/** To be called within one snapshot. Throws InvalidCursorError. */
export async function listResources(db: Queryable, query: ResourceQuery): Promise<Page<MeteredResource>> {
  const { platform, accountId, productCode, life, cursor, limit } = query;
  const after = cursor === undefined ? "" : readIdCursor(cursor);
  // No resource is registered under a text that PostgreSQL cannot store.
  if (![platform, accountId, productCode].every((text) => text === undefined || isStorable(text))) return { items: [] };
  const isPicky = [platform, accountId, productCode, life].some((condition) => condition !== undefined);
  const looked = isPicky ? await db.query<Pick<ResourceRow, "id">>(LAST_LOOKED_AT, [after]) : undefined;
  const through = looked?.rows[0]?.id;
  const conditions = [through, platform, accountId, productCode, life?.live, life?.atMs];
  const { rows } = await db.query<ResourceRow>(LIST, [after, ...conditions.map((value) => value ?? null), limit + 1]);
  const items = rows.slice(0, limit).map(({ value }) => decodeResource(value));
  const last = rows.length > limit ? rows[limit - 1]?.id : through;
  return last === undefined ? { items } : { items, nextCursor: idCursor(last) };
}

const DUE = `SELECT id, due_at_ms, value FROM countinghouse.resource
  WHERE due_at_ms <= $1 AND (due_at_ms, id) > ($2, $3) ORDER BY due_at_ms, id LIMIT $4`;

/** Throws InvalidCursorError. */
export async function listDueResources(db: Queryable, query: DueResourcesQuery): Promise<Page<MeteredResource>> {
  const { byMs, cursor, limit } = query;
  const after = cursor === undefined ? ([Number.MIN_SAFE_INTEGER, ""] as const) : readDueCursor(cursor);
  const { rows } = await db.query<ResourceRow & { readonly due_at_ms: string }>(DUE, [byMs, ...after, limit + 1]);
  const items = rows.slice(0, limit).map(({ value }) => decodeResource(value));
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { items };
  return { items, nextCursor: dueCursor([Number(last.due_at_ms), last.id]) };
}
