/** Which operations a product is for, by its type and its pricing. Rule P2. */

export type ProductType = "saas" | "ami" | "container";
export type Pricing = "usage" | "hourly" | "contract" | "contract-with-usage" | "free" | "byol";
export type OperationName = "BatchMeterUsage" | "ResolveCustomer" | "GetEntitlements" | "MeterUsage" | "RegisterUsage";

/** The types of products, with what they are called in texts. */
export const productTypes: Readonly<Record<ProductType, string>> = {
  saas: "SaaS product",
  ami: "AMI product",
  container: "container product",
};

const SAAS: readonly OperationName[] = ["BatchMeterUsage", "ResolveCustomer"];
const CONTRACT: readonly OperationName[] = [...SAAS, "GetEntitlements"];
const METERED: readonly OperationName[] = ["MeterUsage"];
const REGISTERED: readonly OperationName[] = ["RegisterUsage"];

/**
 * The operations that a product may be named in. A SaaS product's seller meters it, and a contract entitles to it; an
 * image or a container meters by itself what has dimensions of the seller's, and registers what is charged, or reported,
 * by the hour.
 */
export function operationsOf(type: ProductType, pricing: Pricing): readonly OperationName[] {
  if (type === "saas") return pricing === "contract" || pricing === "contract-with-usage" ? CONTRACT : SAAS;
  if (pricing === "usage" || pricing === "contract-with-usage") return METERED;
  return type === "container" && pricing !== "contract" ? REGISTERED : [];
}
