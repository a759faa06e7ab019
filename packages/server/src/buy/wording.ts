/** Writes accounts, prices and days for people. */
import type { EpochMs } from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { hourOf } from "../domain/metering/metering-record.ts";
import { termsIn, type Dimension } from "../domain/catalogue/product.ts";

/** The account's title, if it has one, and its id. */
export function accountName(id: string, catalogue: CatalogueView): string {
  const title = catalogue.account(id)?.title;
  return title === undefined ? `Account ${id}` : `${title}, account ${id}`;
}

/** The price in force now. */
export function priceText(dimension: Dimension, nowMs: EpochMs): string {
  const { kind } = dimension;
  const { price, unit } = termsIn(dimension, hourOf(nowMs));
  const per = unit === undefined ? "" : ` per ${unit}`;
  if (price !== undefined) return `USD ${price}${per}`;
  return kind === "entitled" ? "By contract" : "No price given";
}

const DAY = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeZone: "UTC" });

export function dayText(atMs: EpochMs): string {
  return DAY.format(atMs);
}
