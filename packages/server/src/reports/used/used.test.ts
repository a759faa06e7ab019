import { HOUR_MS } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import { BUYER, MARKET, SELLER } from "../../../testing/control-plane.ts";
import { ledgerInSqlite } from "../../../testing/every-store.ts";
import { START_MS, type LedgerUnderTest } from "../../../testing/contract/ledger-under-test.ts";
import { newCall, put } from "../../../testing/contract/works.ts";
import { changeFreely, meterFreely } from "../../../testing/former-names.ts";
import type { CatalogueChange } from "../../domain/catalogue/catalogue.ts";
import { monthOf, type Month } from "../month.ts";
import { usageByInstanceType } from "../usage-by-instance-type.ts";

const PRODUCT = "renamed-product";

const identified = (customerIdentifier: string): CatalogueChange => ({
  kind: "agreement",
  id: "a",
  value: {
    agreementId: "a",
    productCode: PRODUCT,
    customerAccountId: BUYER,
    customerIdentifier,
    startsAtMs: 0,
    entitlements: [],
  },
});

const meter = (made: LedgerUnderTest, customerIdentifier: string, quantity: number): Promise<void> =>
  meterFreely(made, { seller: SELLER, productCode: PRODUCT }, { customerIdentifier }, quantity);

test("where names had changed, a report says since when it knows of usage, as soon as some has expired", async () => {
  const made = await ledgerInSqlite();
  onTestFinished(() => made.remove());
  const { ledger, clock } = made;
  const product = { productCode: PRODUCT, title: "Renamed", seller: SELLER, type: "saas", pricing: "usage" } as const;
  const value = { ...product, dimensions: [{ name: "gb", kind: "metered" as const }] };
  await ledger.transact(put([...MARKET, { kind: "product", id: PRODUCT, value }]));
  await changeFreely(made, "CreateAgreement", identified("x"));
  await meter(made, "x", 5);
  clock.moveTo(START_MS + 24 * HOUR_MS);
  await changeFreely(made, "UpdateAgreement", identified("y"));
  await changeFreely(made, "UpdateAgreement", identified("z"));
  await meter(made, "z", 7);
  const report = async (): Promise<unknown[]> => {
    const { rows, keptSinceMs } = await usageByInstanceType(ledger, monthOf("2026-03") as Month, clock.nowMs());
    return [rows.map(({ usageUnits }) => usageUnits), keptSinceMs];
  };
  expect(await report()).toEqual([["12"], undefined]);
  expect(await ledger.expire(newCall, START_MS + 20 * HOUR_MS)).toBe(3);
  expect(await report()).toEqual([["7"], START_MS + 24 * HOUR_MS]);
});
