/** Ledgers of earlier versions, in which names changed under what was metered: it is told by the names of then. */
import { HOUR_MS } from "@countinghouse/protocol";
import { expect } from "vitest";
import type { Agreement } from "../../packages/server/src/domain/catalogue/agreement.ts";
import type { CatalogueChange } from "../../packages/server/src/domain/catalogue/catalogue.ts";
import type { Product } from "../../packages/server/src/domain/catalogue/product.ts";
import {
  START_MS,
  ledgerOver,
  ledgerUnderTest,
  type LedgerUnderTest,
} from "../../packages/server/testing/contract/ledger-under-test.ts";
import { changeFreely, meterFreely } from "../../packages/server/testing/former-names.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { meteringRecords } from "../support/operator-api.ts";
import { newDatabase, nodeArgs, whyNoPostgres } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand } from "../support/server.ts";
import { onTestFinished, test } from "vitest";

const [SELLER, BUYING_SELLER, ANN, BOB] = ["100000000001", "100000000002", "200000000001", "200000000002"] as const;
const PRODUCT = "renamed-product";
const licence = (last: number): string =>
  `arn:aws:license-manager::294406891311:license:l-${String(last).padStart(32, "0")}`;

const product = (seller: string): Product => ({
  productCode: PRODUCT,
  title: "Renamed",
  seller,
  type: "saas",
  pricing: "usage",
  dimensions: [{ name: "gb", kind: "metered" }],
});
const agreement = (agreementId: string, over: Partial<Agreement>): Agreement => ({
  agreementId,
  productCode: PRODUCT,
  customerAccountId: ANN,
  startsAtMs: 0,
  entitlements: [],
  ...over,
});

async function change(made: LedgerUnderTest, operation: string, value: Agreement | Product): Promise<void> {
  const put = (
    "agreementId" in value
      ? { kind: "agreement", id: value.agreementId, value }
      : { kind: "product", id: value.productCode, value }
  ) as CatalogueChange;
  await changeFreely(made, operation, put);
}

async function meter(made: LedgerUnderTest, who: Parameters<typeof meterFreely>[2], quantity: number): Promise<void> {
  await meterFreely(made, { seller: SELLER, productCode: PRODUCT }, who, quantity);
}

async function history(made: LedgerUnderTest): Promise<void> {
  await change(made, "CreateProduct", product(SELLER));
  await change(made, "CreateAgreement", agreement("agmt-a", { customerIdentifier: "old", licenseArn: licence(901) }));
  await meter(made, { customerIdentifier: "old" }, 1);
  await meter(made, { customerAccountId: ANN, licenseArn: licence(901) }, 2);
  await change(made, "UpdateAgreement", agreement("agmt-a", { customerIdentifier: "new", licenseArn: licence(902) }));
  await meter(made, { customerIdentifier: "new" }, 4);
  // What was Ann's name becomes Bob's.
  await change(made, "CreateAgreement", agreement("agmt-b", { customerAccountId: BOB, customerIdentifier: "old" }));
  await meter(made, { customerIdentifier: "old" }, 8);
  await change(made, "UpdateProduct", product(BUYING_SELLER));
  await meter(made, { customerIdentifier: "new" }, 16);
  await made.ledger.close();
}

const at = (hours: number): string => new Date(START_MS + hours * HOUR_MS).toISOString();

const STORES = {
  sqlite: async (): Promise<readonly [string, string[]]> => {
    const folder = `${newFolder()}/data`;
    await history(
      await ledgerOver(
        () => openSqliteEngine(folder),
        () => {},
      ),
    );
    return [`sqlite:${folder}`, ["--store", `sqlite:${folder}`]];
  },
  postgres: async (): Promise<readonly [string, string[]]> => {
    const database = await newDatabase();
    onTestFinished(() => database.remove());
    await history(
      await ledgerUnderTest(
        (opening) => openAt(database.url, opening),
        () => {},
      ),
    );
    return [database.url, [...nodeArgs(database.url, newFolder())]];
  },
};

const stores = whyNoPostgres() === undefined ? (["sqlite", "postgres"] as const) : (["sqlite"] as const);

test.each(stores)(
  "on %s, reports and listings go by the names of then, and store verify notes each change",
  async (store) => {
    const [address, args] = await STORES[store]();
    const server = await start([...args, "--clock", "manual:2026-03-14T20:00:00Z"]);
    const quantities = async (filter: Record<string, string>): Promise<number[]> =>
      (await meteringRecords(server, filter)).map(({ quantity }) => quantity).toSorted((a, b) => a - b);
    expect(await quantities({ customerAccountId: ANN })).toEqual([1, 2, 4, 16]);
    expect(await quantities({ customerAccountId: BOB })).toEqual([8]);
    expect(await quantities({ productCode: PRODUCT })).toEqual([1, 2, 4, 8, 16]);

    const rows = async (seller: string): Promise<object[]> => {
      const path = `/reports/usage-by-instance-type?month=2026-03&format=json&sellerAccountId=${seller}`;
      return ((await server.operator("GET", path)).body as { rows: object[] }).rows;
    };
    expect(await rows(SELLER)).toMatchObject([
      { customerReferenceId: "new", customerAccountId: ANN, usageUnits: "7" },
      { customerReferenceId: "old", customerAccountId: BOB, usageUnits: "8" },
    ]);
    expect(await rows(BUYING_SELLER)).toMatchObject([{ customerAccountId: ANN, usageUnits: "16" }]);
    await server.stop();

    const { code, stdout } = await runCommand(["store", "verify", "--store", address, "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      agrees: true,
      notes: [
        `The customerIdentifier of agreement agmt-a was changed at ${at(2)}: from old to new.`,
        `The licenseArn of agreement agmt-a was changed at ${at(2)}: from ${licence(901)} to ${licence(902)}.`,
        `The seller of product ${PRODUCT} was changed at ${at(4)}: from ${SELLER} to ${BUYING_SELLER}.`,
      ],
    });
    const text = await runCommand(["store", "verify", "--store", address]);
    expect(text.stdout).toContain(`agrees with itself.\nNote: The customerIdentifier of agreement agmt-a`);
  },
  60_000,
);
