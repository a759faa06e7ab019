/** A market for each SDK, so that all run at once against one server and none meets another's usage, faults or trail. */
import { randomUUID } from "node:crypto";
import { ISSUER, SUBJECT, newKey, podClaims, tokenOf } from "../support/issuer.ts";
import { SDKS, type Sdk } from "./sdks.ts";

export const ROLE = "app-role";
export const KEY = newKey("sdks");
const DIMENSIONS = ["gb", "calls", "seats"] as const;
/** What a customer of the contract product is entitled to: each kind of value, in the order of the dimensions' names. */
export const ENTITLED = [
  { Dimension: "edition", Value: { StringValue: "enterprise" } },
  { Dimension: "single_sign_on", Value: { BooleanValue: true } },
  { Dimension: "storage_tb", Value: { DoubleValue: 2.5 } },
  { Dimension: "users", Value: { IntegerValue: 10 } },
] as const;
const LASTING = { startsAt: "2020-01-01T00:00:00Z" };
const [FIRST_SELLER, FIRST_BUYER] = [100_000_000_000, 200_000_000_000];

export interface Keys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface Market {
  readonly seller: string;
  readonly keys: Keys;
  /** Of a user who may do nothing but BatchMeterUsage. */
  readonly batchOnly: Keys;
  readonly buyer: string;
  readonly customer: string;
  /** A customer of the contract product who has not subscribed to the metered one. */
  readonly stranger: string;
  readonly agreementId: string;
  readonly licence: string;
  readonly products: Readonly<Record<ProductName, string>>;
}

/** The metered one; three more that faults hit; what is contracted; what runs on metered resources. */
const PRODUCTS = {
  saas: ["saas", "usage"],
  throttled: ["saas", "usage"],
  failing: ["saas", "usage"],
  cut: ["saas", "usage"],
  contract: ["saas", "contract"],
  image: ["ami", "usage"],
  container: ["container", "usage"],
  hourly: ["container", "hourly"],
} as const;
type ProductName = keyof typeof PRODUCTS;
const NAMES = Object.keys(PRODUCTS) as ProductName[];

const keysOf = (name: string, key: string): Keys => ({
  accessKeyId: `AKIA${name}${key.toUpperCase().replace(/\W/g, "")}0000000000`.slice(0, 20),
  secretAccessKey: `secret-of-${name}-${key}`,
});

export function marketOf({ key }: Sdk): Market {
  const n = SDKS.findIndex((sdk) => sdk.key === key);
  return {
    seller: String(FIRST_SELLER + n),
    keys: keysOf("ALL", key),
    batchOnly: keysOf("BATCH", key),
    buyer: String(FIRST_BUYER + n),
    customer: `customer-${key}`,
    stranger: `stranger-${key}`,
    agreementId: `saas-${key}`,
    licence: licenceOf(n, 1),
    products: Object.fromEntries(NAMES.map((name) => [name, `${name}-${key}`])) as Market["products"],
  };
}

const licenceOf = (n: number, agreement: number): string =>
  `arn:aws:license-manager::294406891311:license:l-${(n * 100 + agreement).toString(16).padStart(32, "0")}`;

/** All markets in one catalogue; the issuer's keys are in a file beside it. */
export function catalogueOfMarkets(jwksFile: string): object {
  const markets = SDKS.map((sdk) => marketOf(sdk));
  return {
    accounts: markets.flatMap(accountsOf),
    issuers: [{ issuer: ISSUER, jwksFile }],
    products: markets.flatMap(productsOf),
    agreements: markets.flatMap(agreementsOf),
  };
}

function accountsOf({ seller, keys, batchOnly, buyer }: Market): object[] {
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["aws-marketplace:BatchMeterUsage"], Resource: "*" }],
  };
  const webIdentity = [{ issuer: ISSUER, audience: "sts.amazonaws.com", subject: SUBJECT }];
  const users = [
    { name: "all", ...keys },
    { name: "batch-only", ...batchOnly, policy },
  ];
  return [{ id: seller, users }, { id: buyer, roles: [{ name: ROLE, webIdentity }] }, { id: strangerOf(buyer) }];
}

const strangerOf = (buyer: string): string => String(Number(buyer) + FIRST_SELLER);

function productsOf({ seller, products }: Market): object[] {
  return NAMES.map((name) => {
    const [type, pricing] = PRODUCTS[name];
    const metered = DIMENSIONS.map((dimension) => ({ name: dimension }));
    const dimensions = {
      usage: metered,
      contract: ENTITLED.map(({ Dimension }) => ({ name: Dimension, kind: "entitled" })),
      hourly: [{ name: "hours", kind: "hours" }],
    }[pricing];
    return { productCode: products[name], title: name, seller, type, pricing, dimensions };
  });
}

function agreementsOf(market: Market): object[] {
  const { buyer, customer, stranger, products } = market;
  const n = Number(buyer) - FIRST_BUYER;
  const entitlements = ENTITLED.map(({ Dimension, Value }) => ({
    dimension: Dimension,
    value: Object.values(Value)[0] as string | number | boolean,
  }));
  const ofCustomer = NAMES.map((name, i) => ({
    ...LASTING,
    agreementId: products[name],
    productCode: products[name],
    customerAccountId: buyer,
    customerIdentifier: customer,
    licenseArn: licenceOf(n, i + 1),
    ...(name === "contract" ? { entitlements } : {}),
  }));
  const ofStranger = {
    ...LASTING,
    agreementId: `stranger-${products.contract}`,
    productCode: products.contract,
    customerAccountId: strangerOf(buyer),
    customerIdentifier: stranger,
  };
  return [...ofCustomer, ofStranger];
}

/** A token that is projected into a pod of its own. */
export function podToken(): string {
  const { "kubernetes.io": cluster, ...claims } = podClaims(ISSUER);
  const pod = { name: "app-0", uid: randomUUID() };
  return tokenOf({ ...claims, "kubernetes.io": { ...(cluster as object), pod } }, KEY);
}
