/** Lists, a page at a time: `{items, nextCursor?}`. */
import { z } from "@hono/zod-openapi";
import { InvalidCursorError } from "../../ledger/ledger.ts";

export const pageQuery = z.object({
  cursor: z.string().max(1_000).optional(),
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
});

// oxlint-disable-next-line typescript/explicit-function-return-type -- inferred: it carries the item's own schema
export function pageSchema<Item extends z.ZodType>(
  item: Item,
): z.ZodObject<{ items: z.ZodArray<Item>; nextCursor: z.ZodOptional<z.ZodString> }> {
  return z.object({ items: z.array(item), nextCursor: z.string().optional() });
}

/** A page of a list that is small enough to be held in memory; its cursor is a position. */
export function pageOf<T>(
  all: readonly T[],
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): { items: T[]; nextCursor?: string } {
  const from = cursor === undefined ? 0 : Number(cursor);
  if (!Number.isSafeInteger(from) || from < 0) throw new InvalidCursorError();
  const items = all.slice(from, from + limit);
  return from + limit < all.length ? { items, nextCursor: String(from + limit) } : { items };
}
