import { expect, test } from "vitest";
import type { Product } from "../domain/catalogue/product.ts";
import type { UsageRow } from "./usage-by-instance-type.ts";
import { currencyOf, offeringOf, unitOf, usageCsv } from "./usage-columns.ts";

const LOGS: Product = { productCode: "p", title: "Logs", seller: "1", type: "saas", pricing: "usage", dimensions: [] };
const ROW: UsageRow = {
  customerAccountId: "444455556666",
  customerIdentifier: "anna",
  productCode: "p",
  product: LOGS,
  pricing: "usage",
  dimension: "gb",
  unit: "GB",
  usageUnits: "7",
  estimatedRevenue: "1.75",
};
const HEAD =
  "Customer Reference ID,User's State,User's Country,Product Title,Product Code,Instance Type,Usage Units,Usage Unit Type,Offering Description,Estimated Revenue,Currency,Offer ID,Offer Visibility,Customer AWS Account Number,Customer Country,Customer State,Customer City,Customer Zip Code,Customer Email Domain,Solution Title,Solution ID,Payer Reference ID,Payer Address ID";

test("the file has AWS's columns, and a line for each row; what is not known is empty", () => {
  const bare: UsageRow = { productCode: "q", dimension: "calls", usageUnits: "1" };
  const lines = usageCsv({ month: "2026-03", atMs: 0, rows: [ROW, bare] }).split("\r\n");
  expect(lines).toEqual([
    HEAD,
    "anna,,,Logs,p,gb,7,GB,Usage,1.75,USD,,,444455556666,,,,,,,,,",
    ",,,,q,calls,1,Units,,,,,,,,,,,,,,,",
    "",
  ]);
  expect(usageCsv({ month: "2026-03", atMs: 0, rows: [] })).toBe(`${HEAD}\r\n`);
});

test("running time is in hours, whatever its unit is called", () => {
  const seconds = { final: "1", adjustments: "0", provisional: "0" };
  expect([unitOf({ ...ROW, seconds }), unitOf(ROW), unitOf({ ...ROW, unit: undefined })]).toEqual([
    "Hours",
    "GB",
    "Units",
  ]);
});

test("how it was paid for is said in AWS's words, and in which currency where there is a sum", () => {
  expect([offeringOf({ ...ROW, pricing: "byol" }), offeringOf({ ...ROW, pricing: undefined })]).toEqual([
    "Bring your own license",
    undefined,
  ]);
  expect([currencyOf(ROW), currencyOf({ ...ROW, estimatedRevenue: undefined })]).toEqual(["USD", undefined]);
});
