/**
 * The market that a trail tells of. A trail has no catalogue: that a product, a dimension, a customer or a licence is there is
 * taken from the calls themselves. So whether they are is nothing that can be compared.
 */
import { Catalogue, type CatalogueChange } from "../domain/catalogue/catalogue.ts";
import type { TrailCall } from "./trail-call.ts";

export interface MarketOfTrail {
  readonly catalogue: Catalogue;
  /** The product that a call is about; empty where nothing says it. */
  readonly productOf: (call: TrailCall) => string;
  /** The customer's account, where the trail tells it of an identifier. */
  readonly accountOf: (customerIdentifier: string) => string | undefined;
}

type BatchCall = Extract<TrailCall, { operation: "BatchMeterUsage" }>;

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
    const { input, productCode, accountId } = call;
    const licence = input?.usageRecords.find(({ licenseArn }) => licenseArn !== undefined)?.licenseArn;
    if (input?.productCode !== undefined) return input.productCode;
    return (
      productCode ?? (licence === undefined ? "" : (products.get(licence) ?? `of licences with account ${accountId}`))
    );
  };
  const catalogue = catalogueOf(
    calls.filter((call) => call.operation === "BatchMeterUsage"),
    productOf,
  );
  return { catalogue, productOf, accountOf: (identifier) => accounts.get(identifier) };
}

/** Every customer that a product's records name has an agreement for it, at all times. */
function catalogueOf(calls: readonly BatchCall[], productOf: (call: TrailCall) => string): Catalogue {
  const sellers = new Map<string, string>();
  const dimensions = new Map<string, Set<string>>();
  const agreements = new Map<string, CatalogueChange>();
  for (const call of calls) {
    const productCode = productOf(call);
    sellers.set(productCode, call.accountId);
    const names = dimensions.get(productCode) ?? new Set();
    dimensions.set(productCode, names);
    for (const { dimension, customerIdentifier, customerAccountId, licenseArn } of call.input?.usageRecords ?? []) {
      names.add(dimension);
      const agreementId = [productCode, customerIdentifier ?? "", customerAccountId ?? "", licenseArn ?? ""].join("\n");
      if (agreements.has(agreementId)) continue;
      const value = {
        agreementId,
        productCode,
        customerAccountId: customerAccountId ?? "",
        customerIdentifier,
        licenseArn,
        startsAtMs: 0,
        entitlements: [],
      };
      agreements.set(agreementId, { kind: "agreement", id: agreementId, value });
    }
  }
  const products = [...sellers].map(([productCode, seller]): CatalogueChange => {
    const metered = [...(dimensions.get(productCode) ?? [])].map((name) => ({ name, kind: "metered" as const }));
    const value = { productCode, title: "", seller, type: "saas", pricing: "usage", dimensions: metered } as const;
    return { kind: "product", id: productCode, value };
  });
  return new Catalogue([...products, ...agreements.values()]);
}
