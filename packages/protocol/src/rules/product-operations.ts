/** Which operations serve a product, by its type and its pricing. Rule P2. */

export type ProductType = "saas" | "ami" | "container";
export type Pricing = "usage" | "hourly" | "contract" | "contract-with-usage" | "free" | "byol";
export type OperationName = "BatchMeterUsage" | "ResolveCustomer" | "GetEntitlements" | "MeterUsage" | "RegisterUsage";

/** The types of products, and their names in texts. */
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
 * The operations in which a product may be named. A SaaS product is metered by its seller, and a contract for it entitles its
 * customers. An image or a container itself meters the dimensions that its seller has defined, and registers what is charged,
 * or reported, by the hour.
 */
export function operationsOf(type: ProductType, pricing: Pricing): readonly OperationName[] {
  if (type === "saas") return pricing === "contract" || pricing === "contract-with-usage" ? CONTRACT : SAAS;
  if (pricing === "usage" || pricing === "contract-with-usage") return METERED;
  return type === "container" && pricing !== "contract" ? REGISTERED : [];
}
