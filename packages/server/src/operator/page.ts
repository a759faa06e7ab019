/** A page of a list that is small enough to be held in memory. */
import { readWhole } from "@countinghouse/protocol";
import type { Page } from "./contract/common.ts";
import { InvalidCursorError } from "../ledger/ledger.ts";

/** The cursor is an index of the list. */
export function pageOf<T>(
  all: readonly T[],
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Page<T> {
  const from = cursor === undefined ? 0 : readWhole(cursor, 0, Number.MAX_SAFE_INTEGER);
  if (from === undefined) throw new InvalidCursorError();
  const items = all.slice(from, from + limit);
  return { items, nextCursor: from + limit < all.length ? String(from + limit) : undefined };
}
