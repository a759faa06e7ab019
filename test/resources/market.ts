/** A server's market for metered resources: a buyer with roles, products for images and containers, and its agreements. */
import { add } from "../support/operator-api.ts";
import { DEMO, type Served } from "../support/server.ts";

export const BUYER = "555566667777";
export const ROLE = "app-role";
/** A role that may call nothing but RegisterUsage, as the managed policy of that name has it. */
export const REGISTERING_ROLE = "registering-role";
export const PRODUCTS = {
  image: "metered-image",
  container: "metered-container",
  hourly: "hourly-container",
  byol: "byol-container",
  /** Which nobody has agreed to. */
  unsoldContainer: "unsold-container",
  unsoldHourly: "unsold-hourly",
} as const;

const KINDS: Readonly<Record<keyof typeof PRODUCTS, { readonly type: string; readonly pricing: string }>> = {
  image: { type: "ami", pricing: "usage" },
  container: { type: "container", pricing: "usage" },
  hourly: { type: "container", pricing: "hourly" },
  byol: { type: "container", pricing: "byol" },
  unsoldContainer: { type: "container", pricing: "usage" },
  unsoldHourly: { type: "container", pricing: "hourly" },
};
const METERED = [{ name: "gb" }, { name: "calls" }];

export async function openMarket(server: Pick<Served, "operator">): Promise<void> {
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: ["aws-marketplace:RegisterUsage"], Resource: "*" }],
  };
  await add(server, "/accounts", { id: BUYER, roles: [{ name: ROLE }, { name: REGISTERING_ROLE, policy }] });
  for (const [name, productCode] of Object.entries(PRODUCTS)) {
    const { type, pricing } = KINDS[name as keyof typeof PRODUCTS];
    const dimensions = pricing === "usage" ? METERED : [{ name: "hours", kind: "hours" }];
    await add(server, "/products", { productCode, title: name, seller: DEMO.seller, type, pricing, dimensions });
    if (name.startsWith("unsold")) continue;
    const agreement = { agreementId: agreementTo(productCode), productCode, startsAt: "2020-01-01T00:00:00Z" };
    await add(server, "/agreements", { ...agreement, customerAccountId: BUYER });
  }
}

/** The ARN of the n-th task of a test. */
export function taskArn(n: number): string {
  return `arn:aws:ecs:us-east-1:${BUYER}:task/cluster/${n.toString(16).padStart(32, "0")}`;
}

export function agreementTo(productCode: string): string {
  return `of-${productCode}`;
}
