/** A market with a container that is charged by the hour, and events in the lives of resources, for any store's ledger. */
import { expect } from "vitest";
import type { CatalogueChange } from "../src/domain/catalogue/catalogue.ts";
import type { MeteredResource } from "../src/domain/resources/metered-resource.ts";
import type { Product } from "../src/domain/catalogue/product.ts";
import { EVERYTHING, accountChange, newCall, place as placed } from "./contract/works.ts";
import { resourceId } from "../src/ledger/ids.ts";
import type { ListedRecord, Ledger } from "../src/ledger/ledger.ts";

export const BUYER = "444455556666";
export const SELLER = "111122223333";
export const HOURLY = "4abcdefghijklmnopqrstuvwx";
export const BYOL = "5abcdefghijklmnopqrstuvwx";

export function containerProduct(productCode: string, over: Partial<Product> = {}): Product {
  return {
    productCode,
    title: `Container ${productCode.charAt(0)}`,
    seller: SELLER,
    type: "container",
    pricing: "hourly",
    dimensions: [{ name: "Hours", unit: "Hours", price: "0.36", kind: "hours" }],
    ...over,
  };
}

const productChange = (value: Product): CatalogueChange => ({ kind: "product", id: value.productCode, value });

export const MARKET: readonly CatalogueChange[] = [
  accountChange(SELLER),
  {
    kind: "account",
    id: BUYER,
    value: { id: BUYER, users: [], roles: [{ name: "app" }] },
  },
  productChange(containerProduct(HOURLY)),
  productChange(containerProduct(BYOL, { pricing: "byol", dimensions: [] })),
];

export const taskArn = (name: string): string => `arn:aws:ecs:us-east-1:${BUYER}:task/${name}`;

export function task(name: string, over: Partial<MeteredResource> & { startedAtMs: number }): MeteredResource {
  return {
    resourceId: resourceId("ecs", taskArn(name)),
    platform: "ecs",
    externalId: taskArn(name),
    accountId: BUYER,
    region: "us-east-1",
    heardAtMs: over.startedAtMs,
    registrations: [{ productCode: HOURLY, registeredAtMs: over.startedAtMs }],
    ...over,
  };
}

export async function place(ledger: Ledger, ...resources: readonly MeteredResource[]): Promise<void> {
  await ledger.transact(placed(resources));
}

export const callOf = (operation: string): ReturnType<typeof newCall> => ({ ...newCall(), operation });

export async function accrued(ledger: Ledger): Promise<readonly ListedRecord[]> {
  const records: ListedRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await ledger.meteringRecords({ ...EVERYTHING, cursor });
    records.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(records.every((record) => record.accrued === true)).toBe(true);
  return records;
}

export async function accruedSeconds(ledger: Ledger, id?: string): Promise<number> {
  const records = await accrued(ledger);
  return records
    .filter((record) => id === undefined || record.resourceId === id)
    .reduce((sum, { usageRecord }) => sum + (usageRecord.quantity ?? 0), 0);
}
