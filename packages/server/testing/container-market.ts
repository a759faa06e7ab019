/** Metered resources for tests: one of each platform on a buyer's account, and products for them of every pricing. */
import { HOUR_MS } from "@countinghouse/protocol";
import type { Agreement } from "../src/domain/catalogue/agreement.ts";
import type { CatalogueChange } from "../src/domain/catalogue/catalogue.ts";
import type { ResourceCaller } from "../src/domain/decide/resource-checks.ts";
import { ANNAS_ACCOUNT, BERTS_ACCOUNT, NOW_MS, OTHER_SELLER, REGION, agreement, putAgreement } from "./market.ts";
import { putProduct } from "./market.ts";
import type { MeteredResource, Platform } from "../src/domain/resources/metered-resource.ts";
import type { Product } from "../src/domain/catalogue/product.ts";

export const METERED_IMAGE = "metered-image";
export const METERED_CONTAINER = "metered-container";
export const OTHER_CONTAINER = "other-container";
export const HOURLY_CONTAINER = "hourly-container";
export const FREE_CONTAINER = "free-container";
export const BYOL_CONTAINER = "byol-container";
export const SAAS = "a-saas-product";

function product(productCode: string, over: Pick<Product, "type" | "pricing">): Product {
  return {
    productCode,
    title: productCode,
    seller: OTHER_SELLER,
    dimensions: [
      { name: "gb", kind: "metered" },
      { name: "calls", kind: "metered" },
      { name: "seats", kind: "entitled" },
    ],
    ...over,
  };
}

const PRODUCTS: readonly Product[] = [
  product(METERED_IMAGE, { type: "ami", pricing: "usage" }),
  product(METERED_CONTAINER, { type: "container", pricing: "usage" }),
  product(OTHER_CONTAINER, { type: "container", pricing: "contract-with-usage" }),
  product(HOURLY_CONTAINER, { type: "container", pricing: "hourly" }),
  product(FREE_CONTAINER, { type: "container", pricing: "free" }),
  product(BYOL_CONTAINER, { type: "container", pricing: "byol" }),
  product(SAAS, { type: "saas", pricing: "usage" }),
];

export function resource(platform: Platform, over: Partial<MeteredResource> = {}): MeteredResource {
  return {
    resourceId: `${platform}-of-anna`,
    platform,
    externalId: `anna's ${platform}`,
    accountId: ANNAS_ACCOUNT,
    region: REGION,
    startedAtMs: NOW_MS - 2 * HOUR_MS,
    heardAtMs: NOW_MS,
    registrations: [],
    ...over,
  };
}

/** The call of a resource with its session credentials. */
export function callerOf({ accountId, region, resourceId, platform }: MeteredResource): ResourceCaller {
  return { callerAccountId: accountId, region, session: { resourceId, platform } };
}

/** Anna has an agreement for every product, Bert for none. */
export const AGREEMENTS: readonly Agreement[] = PRODUCTS.map(({ productCode }) =>
  agreement(`anna-${productCode}`, { productCode, customerIdentifier: undefined }),
);

const RESOURCES: readonly MeteredResource[] = [
  resource("ec2"),
  resource("ecs"),
  resource("eks"),
  resource("ecs", { resourceId: "ecs-of-bert", accountId: BERTS_ACCOUNT }),
];

/** The resource of a call, among `known` and `RESOURCES`; those in `known` come first. */
export function knownOf(
  { session }: ResourceCaller,
  ...resources: readonly MeteredResource[]
): MeteredResource | undefined {
  return [...resources, ...RESOURCES].find(({ resourceId }) => resourceId === session?.resourceId);
}

/** The changes that put products and agreements in place. */
export function resourceMarket(agreements: readonly Agreement[] = AGREEMENTS): CatalogueChange[] {
  return [...PRODUCTS.map(putProduct), ...agreements.map(putAgreement)];
}
