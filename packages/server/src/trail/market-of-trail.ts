/**
 * The market that a trail tells of. A trail has no catalogue: that a product, a dimension, a customer or a licence is there is
 * taken from the calls themselves. So whether they are is nothing that can be compared.
 */
import type { ProductType } from "@countinghouse/protocol";
import { Catalogue, type CatalogueChange } from "../domain/catalogue/catalogue.ts";
import type { TrailCall } from "./trail-call.ts";

export interface MarketOfTrail {
  /** Of what sellers meter. */
  readonly catalogue: Catalogue;
  /** Of what resources meter themselves, on each platform. */
  readonly resources: Readonly<Record<TrailPlatform, Catalogue>>;
  /** The product that a call is about; empty where nothing says it. */
  readonly productOf: (call: TrailCall) => string;
  /** The customer's account, where the trail tells it of an identifier. */
  readonly accountOf: (customerIdentifier: string) => string | undefined;
}

/** A trail does not tell tasks and pods apart. */
export type TrailPlatform = "ec2" | "ecs";

type BatchCall = Extract<TrailCall, { operation: "BatchMeterUsage" }>;
type MeterCall = Extract<TrailCall, { operation: "MeterUsage" }>;

export function marketOfTrail(calls: readonly TrailCall[]): MarketOfTrail {
  const accounts = new Map<string, string>();
  const products = new Map<string, string>();
  for (const call of calls) {
    if (call.operation !== "ResolveCustomer" || call.customer === undefined) continue;
    const { customerIdentifier, customerAccountId, licenseArn, productCode } = call.customer;
    if (customerIdentifier !== undefined && customerAccountId !== undefined) accounts.set(customerIdentifier, customerAccountId); // prettier-ignore
    if (licenseArn !== undefined && productCode !== undefined) products.set(licenseArn, productCode);
  }
  const productOf = (call: TrailCall): string => {
    if (call.operation === "MeterUsage") return call.input?.productCode ?? "";
    if (call.operation !== "BatchMeterUsage") return "";
    const { input, productCode } = call;
    const licence = input?.usageRecords.find(({ licenseArn }) => licenseArn !== undefined)?.licenseArn;
    return input?.productCode ?? productCode ?? products.get(licence ?? "") ?? ofLicences(call);
  };
  // What AWS took says more of whose a product or a licence is than what it refused.
  const answeredFirst = [
    ...calls.filter(({ answer }) => answer.error === undefined),
    ...calls.filter(({ answer }) => answer.error !== undefined),
  ];
  const metered = answeredFirst.filter((call) => call.operation === "MeterUsage");
  return {
    catalogue: sellersCatalogue(answeredFirst.filter((call) => call.operation === "BatchMeterUsage")),
    resources: { ec2: buyersCatalogue(metered, "ami"), ecs: buyersCatalogue(metered, "container") },
    productOf,
    accountOf: (identifier) => accounts.get(identifier),
  };
}

/** Licences whose product is not known, or not of all of them, are taken to be of one, since calls do not mix them. */
function ofLicences({ accountId }: BatchCall): string {
  return `of licences with account ${accountId}`;
}

/** Every customer that a product's records name has an agreement for it, at all times. */
function sellersCatalogue(calls: readonly BatchCall[]): Catalogue {
  const sellers = new Map<string, string>();
  const agreements = new Map<string, CatalogueChange>();
  const licences = new Set<string>();
  for (const call of calls) {
    const productCode = call.input?.productCode ?? ofLicences(call);
    if (!sellers.has(productCode)) sellers.set(productCode, call.accountId);
    for (const { customerIdentifier, customerAccountId = "", licenseArn } of call.input?.usageRecords ?? []) {
      const names = [productCode, customerIdentifier ?? "", customerAccountId, licenseArn ?? ""];
      const agreementId = names.join("\n");
      if (agreements.has(agreementId) || (licenseArn !== undefined && licences.has(licenseArn))) continue;
      if (licenseArn !== undefined) licences.add(licenseArn);
      const value = { ...AT_ALL_TIMES, agreementId, productCode, customerAccountId, customerIdentifier, licenseArn };
      agreements.set(agreementId, { kind: "agreement", id: agreementId, value });
    }
  }
  const dimensions = meteredDimensions(
    calls.flatMap(({ input }) => input?.usageRecords.map((one) => one.dimension) ?? []),
  );
  const products = [...sellers].map(([code, seller]) => product(code, seller, "saas", dimensions));
  return new Catalogue([...products, ...agreements.values()]);
}

/** Every account whose resources meter a product has an agreement for it. */
function buyersCatalogue(calls: readonly MeterCall[], type: ProductType): Catalogue {
  const dimensions = meteredDimensions(
    calls.flatMap(({ input }) => (input === undefined ? [] : [input.usageDimension])),
  );
  const changes = new Map<string, CatalogueChange>();
  for (const { accountId, input } of calls) {
    if (input === undefined) continue;
    const { productCode } = input;
    const agreementId = `${productCode}\n${accountId}`;
    if (changes.has(agreementId)) continue;
    const value = { ...AT_ALL_TIMES, agreementId, productCode, customerAccountId: accountId };
    changes.set(agreementId, { kind: "agreement", id: agreementId, value });
    changes.set(productCode, product(productCode, "", type, dimensions));
  }
  return new Catalogue(changes.values());
}

interface MeteredDimension {
  readonly name: string;
  readonly kind: "metered";
}

/** Whether a product has a dimension is nothing that can be compared: each product has all of them. */
function meteredDimensions(names: readonly string[]): readonly MeteredDimension[] {
  return [...new Set(names)].map((name) => ({ name, kind: "metered" }));
}

const AT_ALL_TIMES = { startsAtMs: 0, entitlements: [] };

function product(
  productCode: string,
  seller: string,
  type: ProductType,
  dimensions: readonly MeteredDimension[],
): CatalogueChange {
  const value = { productCode, title: "", seller, type, pricing: "usage", dimensions } as const;
  return { kind: "product", id: productCode, value };
}
