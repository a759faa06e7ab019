/** Reads listings page by page, to their end. */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Page } from "./ledger.ts";

/** Lets other work run between two pages. A change made meanwhile may appear or not, unless the listing says otherwise. */
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
