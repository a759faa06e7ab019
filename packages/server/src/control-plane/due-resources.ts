/** Resources that something has become due of, some at a time: what is read, not what there is, takes memory. */
import type { EpochMs } from "@countinghouse/protocol";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { pagesOf } from "../ledger/pages.ts";

const PAGE_RESOURCES = 500;

/** One that changes meanwhile may come again, as it is then. */
export async function* dueResources(ledger: Ledger, byMs: EpochMs): AsyncGenerator<MeteredResource> {
  for await (const page of pagesOf((cursor) => ledger.dueResources({ byMs, cursor, limit: PAGE_RESOURCES }))) {
    yield* page;
  }
}
