/** What a ledger holds, as a server lists it. */
import type { Served } from "./server.ts";

/** The request ids of all entries, oldest first. */
export async function entriesOf(of: Pick<Served, "operator">): Promise<string[]> {
  const ids: string[] = [];
  let cursor = "";
  do {
    const { body } = await of.operator("GET", `/audit-events?order=oldest&limit=1000${cursor}`);
    const page = body as { readonly items: readonly { readonly requestID: string }[]; readonly nextCursor?: string };
    ids.push(...page.items.map(({ requestID }) => requestID));
    cursor = page.nextCursor === undefined ? "" : `&cursor=${encodeURIComponent(page.nextCursor)}`;
  } while (cursor !== "");
  return ids;
}
