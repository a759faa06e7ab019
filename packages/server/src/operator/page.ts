/** Lists, a page at a time: `{items, nextCursor?}`. */
import { z } from "@hono/zod-openapi";
import { readWhole } from "../domain/written-values.ts";
import { InvalidCursorError } from "../ledger/ledger.ts";

const LIMIT_MAX = 1_000;
const LIMIT_DEFAULT = 100;

export const pageQuery = z.object({
  cursor: z.string().max(1_000).optional(),
  limit: z
    .string()
    .transform((text, refinement) => {
      const limit = readWhole(text, 1, LIMIT_MAX);
      if (limit !== undefined) return limit;
      refinement.addIssue({ code: "custom", message: `must be a whole number from 1 to ${LIMIT_MAX}` });
      return z.NEVER;
    })
    .default(LIMIT_DEFAULT)
    .openapi({ type: "integer", minimum: 1, maximum: LIMIT_MAX, default: LIMIT_DEFAULT }),
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
  const from = cursor === undefined ? 0 : readWhole(cursor, 0, Number.MAX_SAFE_INTEGER);
  if (from === undefined) throw new InvalidCursorError();
  const items = all.slice(from, from + limit);
  return from + limit < all.length ? { items, nextCursor: String(from + limit) } : { items };
}
