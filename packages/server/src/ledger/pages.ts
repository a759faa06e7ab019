/** Listings, page by page, to their end. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Page } from "./ledger.ts";

/** Others are let in between two pages. What changes meanwhile may be seen or not, where the listing does not say. */
export async function* pagesOf<T>(
  read: (cursor: string | undefined) => Promise<Page<T>>,
): AsyncGenerator<readonly T[]> {
  let cursor: string | undefined;
  do {
    const page = await read(cursor);
    yield page.items;
    cursor = page.nextCursor;
    await nextTurn();
  } while (cursor !== undefined);
}
