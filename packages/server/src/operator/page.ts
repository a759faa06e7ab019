/**
 * A page of a list that is small enough to be held in memory. The cursor names the item that was shown last, so that nothing is skipped
 * or shown twice where items come, go, or are not meant any more between two pages.
 */
import { createHash } from "node:crypto";
import { readWhole } from "@countinghouse/protocol";
import type { Page } from "./contract/common.ts";
import { InvalidCursorError } from "../ledger/ledger.ts";

interface Listed<T> {
  readonly idOf: (item: T) => string;
  /** Items that are not meant are left out. */
  readonly isMeant?: (item: T) => boolean;
  /** Where to go on if the item that was shown last is gone: by default, at the place that it had. */
  readonly afterGone?: (place: number) => number;
}

export function pageOf<T>(
  all: readonly T[],
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
  { idOf, isMeant = () => true, afterGone = (place) => place }: Listed<T>,
): Page<T> {
  let at = cursor === undefined ? 0 : placeAfter(all, cursor, idOf, afterGone);
  const items: T[] = [];
  let shownAt = 0;
  for (; at < all.length; at += 1) {
    const item = all[at] as T;
    if (!isMeant(item)) continue;
    if (items.length === limit) return { items, nextCursor: `${shownAt}.${digestOf(idOf(all[shownAt] as T))}` };
    items.push(item);
    shownAt = at;
  }
  return { items, nextCursor: undefined };
}

function placeAfter<T>(
  all: readonly T[],
  cursor: string,
  idOf: (item: T) => string,
  afterGone: (place: number) => number,
): number {
  const [, placeText = "", digest = ""] = /^(\d+)\.([\w-]{22})$/.exec(cursor) ?? [];
  const place = readWhole(placeText, 0, Number.MAX_SAFE_INTEGER);
  if (place === undefined) throw new InvalidCursorError();
  const isShownLast = (item: T | undefined): boolean => item !== undefined && digestOf(idOf(item)) === digest;
  if (isShownLast(all[place])) return place + 1;
  const found = all.findIndex(isShownLast);
  return found === -1 ? afterGone(place) : found + 1;
}

/** Ids may be longer than a cursor. */
function digestOf(id: string): string {
  return createHash("sha256").update(id).digest("base64url").slice(0, 22);
}
