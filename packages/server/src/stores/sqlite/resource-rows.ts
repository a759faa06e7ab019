/** Metered resources as rows of the table: how they are written, and how they are found. */
import type { DatabaseSync } from "node:sqlite";
import type { MeteredResource } from "../../domain/resources/metered-resource.ts";
import type { Page } from "../../ledger/ledger.ts";
import { dueCursor, idCursor, readDueCursor, readIdCursor } from "../../ledger/resource-cursors.ts";
import {
  decodeResource,
  RESOURCES_LOOKED_AT_MAX,
  type DueResourcesQuery,
  type ResourceQuery,
  type StagedResource,
} from "../../ledger/resource-facts.ts";

/** Id, value, platform, account, products, stop time, due time; all but the id are null where the resource is forgotten. */
export type ResourceRow = readonly [string, ...(string | number | null)[]];

export const PUT_RESOURCE = `INSERT INTO resource VALUES (?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET value = excluded.value, platform = excluded.platform, account = excluded.account,
    products = excluded.products, stopped_at_ms = excluded.stopped_at_ms, due_at_ms = excluded.due_at_ms`;

export const FIND_RESOURCE = "SELECT value FROM resource WHERE id = ?";

export function resourceRow({ resourceId, kept }: StagedResource): ResourceRow {
  if (kept === undefined) return [resourceId, null];
  const { value, platform, accountId, productCodes, stoppedAtMs = null, dueAtMs = null } = kept;
  return [resourceId, value, platform, accountId, JSON.stringify(productCodes), stoppedAtMs, dueAtMs];
}

const AFTER = "SELECT id, value FROM resource WHERE id > :after";
/** The id of the last row that a page looks at. */
const LAST_LOOKED_AT = `SELECT id FROM resource WHERE id > ? ORDER BY id LIMIT 1 OFFSET ${RESOURCES_LOOKED_AT_MAX - 1}`;

/** To be called where everything is read as of one moment. Throws InvalidCursorError. */
export function readResources(db: DatabaseSync, query: ResourceQuery): Page<MeteredResource> {
  const { platform, accountId, productCode, life, cursor, limit } = query;
  const after = cursor === undefined ? "" : readIdCursor(cursor);
  const conditions = [
    platform === undefined ? undefined : (["platform = :platform", { platform }] as const),
    accountId === undefined ? undefined : (["account = :account", { account: accountId }] as const),
    productCode === undefined
      ? undefined
      : (["EXISTS (SELECT 1 FROM json_each(products) WHERE value = :product)", { product: productCode }] as const),
    life === undefined
      ? undefined
      : ([`(stopped_at_ms IS NULL OR stopped_at_ms > :at) = ${life.live ? 1 : 0}`, { at: life.atMs }] as const),
  ].filter((condition) => condition !== undefined);
  const bound = conditions.length === 0 ? undefined : db.prepare(LAST_LOOKED_AT).get(after)?.["id"];
  const through = bound === undefined ? {} : { through: String(bound) };
  const text = [
    AFTER,
    ...conditions.map(([condition]) => condition),
    ...(bound === undefined ? [] : ["id <= :through"]),
  ];
  const values = Object.assign(
    { after, limit: limit + 1, ...through },
    ...conditions.map(([, value]) => value),
  ) as Record<string, string | number>;
  const rows = db.prepare(`${text.join(" AND ")} ORDER BY id LIMIT :limit`).all(values);
  const items = rows.slice(0, limit).map(({ value }) => decodeResource(String(value)));
  const last = rows.length > limit ? rows[limit - 1]?.["id"] : bound;
  return last === undefined ? { items } : { items, nextCursor: idCursor(String(last)) };
}

const DUE = `SELECT id, due_at_ms AS dueAtMs, value FROM resource
  WHERE due_at_ms IS NOT NULL AND due_at_ms <= ? AND (due_at_ms, id) > (?, ?) ORDER BY due_at_ms, id LIMIT ?`;

/** Throws InvalidCursorError. */
export function readDueResources(db: DatabaseSync, query: DueResourcesQuery): Page<MeteredResource> {
  const { byMs, cursor, limit } = query;
  const after = cursor === undefined ? ([Number.MIN_SAFE_INTEGER, ""] as const) : readDueCursor(cursor);
  const rows = db.prepare(DUE).all(byMs, ...after, limit + 1);
  const items = rows.slice(0, limit).map(({ value }) => decodeResource(String(value)));
  const last = rows[limit - 1];
  if (rows.length <= limit || last === undefined) return { items };
  return { items, nextCursor: dueCursor([Number(last["dueAtMs"]), String(last["id"])]) };
}
