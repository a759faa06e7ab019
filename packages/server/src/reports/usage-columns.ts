/** The report's columns, in AWS's order and by AWS's names. What this server cannot know stays empty. */
import type { Pricing } from "@countinghouse/protocol";
import { csvLine } from "./csv.ts";
import type { UsageReport, UsageRow } from "./usage-by-instance-type.ts";

const OFFERINGS: Readonly<Record<Pricing, string>> = {
  usage: "Usage",
  hourly: "Hourly usage",
  contract: "Contract",
  "contract-with-usage": "Contract with usage",
  free: "Free",
  byol: "Bring your own license",
};

const nothing = (): string => "";

const COLUMNS: Readonly<Record<string, (row: UsageRow) => string | undefined>> = {
  "Customer Reference ID": ({ customerIdentifier }) => customerIdentifier,
  "User's State": nothing,
  "User's Country": nothing,
  "Product Title": ({ product }) => product?.title,
  "Product Code": ({ productCode }) => productCode,
  "Instance Type": ({ dimension }) => dimension,
  "Usage Units": ({ usageUnits }) => usageUnits,
  "Usage Unit Type": unitOf,
  "Offering Description": offeringOf,
  "Estimated Revenue": ({ estimatedRevenue }) => estimatedRevenue,
  Currency: currencyOf,
  "Offer ID": nothing,
  "Offer Visibility": nothing,
  "Customer AWS Account Number": ({ customerAccountId }) => customerAccountId,
  "Customer Country": nothing,
  "Customer State": nothing,
  "Customer City": nothing,
  "Customer Zip Code": nothing,
  "Customer Email Domain": nothing,
  "Solution Title": nothing,
  "Solution ID": nothing,
  "Payer Reference ID": nothing,
  "Payer Address ID": nothing,
};

export function unitOf({ seconds, unit = "Units" }: UsageRow): string {
  return seconds === undefined ? unit : "Hours";
}

export function offeringOf({ pricing }: UsageRow): string | undefined {
  return pricing && OFFERINGS[pricing];
}

export function currencyOf({ estimatedRevenue }: UsageRow): string | undefined {
  return estimatedRevenue === undefined ? undefined : "USD";
}

export function usageCsv({ rows }: UsageReport): string {
  const values = Object.values(COLUMNS);
  const lines = rows.map((row) => csvLine(values.map((valueOf) => valueOf(row) ?? "")));
  return csvLine(Object.keys(COLUMNS)) + lines.join("");
}
