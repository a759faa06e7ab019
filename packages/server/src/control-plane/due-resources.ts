/** Resources for which work is due, a page at a time, so that memory holds one page. */
import type { EpochMs } from "@countinghouse/protocol";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { pagesOf } from "../ledger/pages.ts";

const PAGE_RESOURCES = 500;

/** A resource that changes meanwhile may come again, in its new state. */
export async function* dueResources(ledger: Ledger, byMs: EpochMs): AsyncGenerator<MeteredResource> {
  for await (const page of pagesOf((cursor) => ledger.dueResources({ byMs, cursor, limit: PAGE_RESOURCES }))) {
    yield* page;
  }
}
