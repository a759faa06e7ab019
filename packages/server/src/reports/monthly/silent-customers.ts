/**
 * Customers of whom no usage came for a day or longer, though they have an agreement: a program that has stopped metering looks like a
 * customer that uses nothing. Looked for in the month and the one before it, up to the month's end, or now.
 */
import { HOUR_MS, iso, operationsOf, type EpochMs } from "@countinghouse/protocol";
import { coverEndMs, type Agreement } from "../../domain/catalogue/agreement.ts";
import type { Product } from "../../domain/catalogue/product.ts";
import { accountCustomer, identifiedCustomer } from "../../domain/metering/metering-record.ts";
import { namesAsMetered } from "../../ledger/names-as-metered.ts";
import type { Month } from "../month.ts";
import { usedIn } from "../used/used.ts";
import type { MonthlyReport } from "./report.ts";

/** From when on somebody counts as silent. */
const SILENT_HOURS = 24;

export const silentCustomers: MonthlyReport = {
  summary: `Customers with an agreement of whom no usage came for ${SILENT_HOURS} hours or longer`,
  columns: {
    agreementId: "Agreement ID",
    productCode: "Product Code",
    productTitle: "Product Title",
    customerReferenceId: "Customer Reference ID",
    customerAccountId: "Customer AWS Account Number",
    lastUsedAt: "Last Usage",
    silentHours: "Silent Hours",
  },
  table: async ({ ledger, month, nowMs }) => {
    const fromHour = monthBefore(month);
    const endMs = Math.min(month.toHour * HOUR_MS, nowMs);
    const range = { fromHour, toHour: month.toHour, by: ["product", "customer"] as const, reckonedAtMs: nowMs };
    const { used, completeSinceMs } = await usedIn(ledger, await namesAsMetered(ledger), range);
    const lastMs = new Map<string, EpochMs>();
    for (const { product, customer, lastMs: atMs } of used) {
      const key = `${product}\n${customer}`;
      lastMs.set(key, Math.max(atMs, lastMs.get(key) ?? 0));
    }
    const rows = ledger.catalogue
      .list("agreement")
      .filter((agreement) => isHad(agreement, endMs) && isMetered(ledger.catalogue.product(agreement.productCode)))
      .flatMap((agreement) => {
        const usedAtMs = lastUse(agreement, lastMs);
        const silentSinceMs = usedAtMs ?? Math.max(agreement.startsAtMs, fromHour * HOUR_MS);
        const silentHours = Math.floor((endMs - silentSinceMs) / HOUR_MS);
        return silentHours < SILENT_HOURS ? [] : [{ agreement, usedAtMs, silentHours }];
      })
      .toSorted((a, b) => b.silentHours - a.silentHours || (a.agreement.agreementId < b.agreement.agreementId ? -1 : 1))
      .map(({ agreement, usedAtMs, silentHours }) => ({
        agreementId: agreement.agreementId,
        productCode: agreement.productCode,
        productTitle: ledger.catalogue.product(agreement.productCode)?.title,
        customerReferenceId: agreement.customerIdentifier,
        customerAccountId: agreement.customerAccountId,
        lastUsedAt: iso(usedAtMs),
        silentHours,
      }));
    return { rows, completeSinceMs };
  },
};

/** Whether the customer has what was agreed at a time, and is to be metered. */
function isHad(agreement: Agreement, atMs: EpochMs): boolean {
  return agreement.startsAtMs <= atMs && coverEndMs(agreement) >= atMs && agreement.suspendedAtMs === undefined;
}

/** Of a contract for entitlements alone, no usage can come. */
function isMetered(product: Product | undefined): boolean {
  if (product === undefined) return false;
  const { type, pricing, dimensions } = product;
  return dimensions.some(({ kind }) => kind !== "entitled") || operationsOf(type, pricing).includes("RegisterUsage");
}

/** However records name the customer. */
function lastUse(
  { productCode, customerAccountId, customerIdentifier }: Agreement,
  lastMs: ReadonlyMap<string, EpochMs>,
): EpochMs | undefined {
  const customers = [accountCustomer(customerAccountId)];
  if (customerIdentifier !== undefined) customers.push(identifiedCustomer(customerIdentifier));
  const times = customers.flatMap((customer) => lastMs.get(`${productCode}\n${customer}`) ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}

function monthBefore({ fromHour }: Month): number {
  const at = new Date(fromHour * HOUR_MS);
  return Date.UTC(at.getUTCFullYear(), at.getUTCMonth() - 1) / HOUR_MS;
}
