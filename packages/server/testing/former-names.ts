/** Ledgers as earlier versions wrote them: names could change, and nothing was held against what had been metered. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import type { CatalogueChange } from "../src/domain/catalogue/catalogue.ts";
import { keyOf } from "../src/domain/metering/metering-record.ts";
import { catalogueChanged } from "../src/operations/change-catalogue.ts";
import type { LedgerUnderTest } from "./contract/ledger-under-test.ts";
import { REGION, newCall } from "./contract/works.ts";

/** Changes the catalogue; then an hour passes. */
export async function changeFreely(
  { ledger, clock }: LedgerUnderTest,
  operation: string,
  changed: CatalogueChange,
): Promise<void> {
  await ledger.transact({
    call: { ...newCall(), operation, principal: "operator" },
    keys: [],
    decide: () => ({ event: catalogueChanged([changed]), catalogue: [changed], answer: undefined }),
  });
  clock.moveTo(clock.nowMs() + HOUR_MS);
}

/** Usage of now, in a batch of one for a product; a record by licence is of its licence, whatever the product. */
export async function meterFreely(
  { ledger, clock }: LedgerUnderTest,
  { seller: accountId, productCode }: { readonly seller: string; readonly productCode: string },
  who: Pick<UsageRecord, "customerIdentifier" | "customerAccountId" | "licenseArn">,
  quantity: number,
): Promise<void> {
  const usageRecord = { ...who, timestampMs: clock.nowMs(), dimension: "gb", quantity };
  const key = keyOf(usageRecord, "licenseArn" in who ? undefined : productCode, REGION);
  await ledger.transact({
    call: { ...newCall(), accountId },
    keys: [key],
    decide: () => ({
      event: { kind: "usage-metered", productCode, records: [{ usageRecord, status: "Success" }] },
      records: [{ position: 0, key, quantity }],
      answer: undefined,
    }),
  });
}
