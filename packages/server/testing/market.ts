/** A small market for the tests of decisions: two sellers, their products, and customers of every kind. */
import { HOUR_MS, ruleSets, type UsageRecord } from "@countinghouse/protocol";
import type { Agreement } from "../src/domain/catalogue/agreement.ts";
import { Catalogue, type CatalogueChange } from "../src/domain/catalogue/catalogue.ts";
import type { BatchMeterUsageFacts } from "../src/domain/decide/batch-checks.ts";
import type { Product } from "../src/domain/catalogue/product.ts";

export const NOW_MS: number = Date.UTC(2026, 6, 14, 12, 30);
export const DAY_MS: number = 24 * HOUR_MS;

export const SELLER = "111122223333";
export const OTHER_SELLER = "999900001111";
export const REGION = "us-east-1";
export const LOGS = "logs-product";
export const TRACES = "traces-product";
export const IMAGE = "image-product";
export const FOREIGN = "foreign-product";

export const ANNA = { customerIdentifier: "anna" } as const;
export const ANNAS_ACCOUNT = "444455556666";
export const BERT = { customerIdentifier: "bert" } as const;
export const BERTS_ACCOUNT = "777788889999";

export function licence(name: string): string {
  return `arn:aws:license-manager::294406891311:license:l-${name}`;
}

function product(productCode: string, over: Partial<Product> = {}): Product {
  return {
    productCode,
    title: productCode,
    seller: SELLER,
    type: "saas",
    pricing: "usage",
    dimensions: [
      { name: "gb", kind: "metered" },
      { name: "calls", kind: "metered" },
      { name: "seats", kind: "entitled" },
      { name: "uptime", kind: "hours" },
    ],
    ...over,
  };
}

export function agreement(agreementId: string, over: Partial<Agreement> = {}): Agreement {
  return {
    agreementId,
    productCode: LOGS,
    customerAccountId: ANNAS_ACCOUNT,
    customerIdentifier: "anna",
    licenseArn: licence(agreementId),
    startsAtMs: 0,
    entitlements: [],
    ...over,
  };
}

/** Only Bert's agreement has ended. */
export const AGREEMENTS: readonly Agreement[] = [
  agreement("anna-logs"),
  agreement("anna-traces", { productCode: TRACES }),
  agreement("bert-logs", {
    customerAccountId: BERTS_ACCOUNT,
    customerIdentifier: "bert",
    endsAtMs: NOW_MS - 30 * DAY_MS,
  }),
  agreement("image", { productCode: IMAGE }),
  agreement("foreign", { productCode: FOREIGN, customerIdentifier: "of-another-seller" }),
];

export function putAgreement(value: Agreement): CatalogueChange {
  return { kind: "agreement", id: value.agreementId, value };
}

export function putProduct(value: Product): CatalogueChange {
  return { kind: "product", id: value.productCode, value };
}

export const PRODUCTS: readonly CatalogueChange[] = [
  putProduct(product(LOGS)),
  putProduct(product(TRACES)),
  putProduct(product(IMAGE, { type: "ami" })),
  putProduct(product(FOREIGN, { seller: OTHER_SELLER })),
];

export function market(agreements: readonly Agreement[] = AGREEMENTS): Catalogue {
  return new Catalogue([...PRODUCTS, ...agreements.map(putAgreement)]);
}

export function usage(over: Partial<UsageRecord> = {}): UsageRecord {
  return { timestampMs: NOW_MS, dimension: "gb", quantity: 1, ...over };
}

export function factsOf(over: Partial<BatchMeterUsageFacts> = {}): BatchMeterUsageFacts {
  return {
    catalogue: market(),
    nowMs: NOW_MS,
    ruleSet: ruleSets.classic,
    kept: [],
    meteringRecordId: (position) => `new-${position}`,
    ...over,
  };
}
