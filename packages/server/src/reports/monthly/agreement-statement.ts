/**
 * What each agreement came to in a month: its usage by dimension, and what that is worth. Usage is of the customer's agreement for the
 * product. Where there were several, it is of the one that had begun last, of those that held in the hour of use.
 */
import { HOUR_MS, iso, type EpochMs } from "@countinghouse/protocol";
import { coverEndMs, statusOf, type Agreement } from "../../domain/catalogue/agreement.ts";
import { dimensionEverOf, termsIn } from "../../domain/catalogue/product.ts";
import type { CatalogueView } from "../../domain/catalogue/catalogue.ts";
import { namesAsMetered } from "../../ledger/names-as-metered.ts";
import type { Month } from "../month.ts";
import { Amount } from "../used/amount.ts";
import { usedIn, type Used } from "../used/used.ts";
import type { MonthlyReport, ReportContext, ReportRow } from "./report.ts";

export const agreementStatement: MonthlyReport = {
  summary: "What each agreement came to, by dimension",
  columns: {
    agreementId: "Agreement ID",
    status: "Status",
    productCode: "Product Code",
    productTitle: "Product Title",
    customerReferenceId: "Customer Reference ID",
    customerAccountId: "Customer AWS Account Number",
    licenseArn: "License ARN",
    startsAt: "Start",
    endsAt: "End",
    dimension: "Dimension",
    usageUnits: "Usage Units",
    usageUnitType: "Usage Unit Type",
    estimatedRevenue: "Estimated Revenue",
    currency: "Currency",
  },
  table: async (context) => {
    const { ledger, month } = context;
    const { used, completeSinceMs } = await usedByHourWhereNeeded(context);
    const amounts = new Map<string, Map<string, Statement>>();
    for (const each of used) {
      const agreement = agreementOf(each, ledger.catalogue);
      const ofAgreement = amounts.get(agreement?.agreementId ?? "") ?? new Map<string, Statement>();
      amounts.set(agreement?.agreementId ?? "", ofAgreement);
      const isTime = each.kind !== "units";
      // Running time is shown in hours, whatever the unit's name is.
      const unit = isTime ? "Hours" : (unitIn(each, ledger.catalogue) ?? "Units");
      const dimension = `${each.dimension}\n${isTime}\n${unit}`;
      const key = agreement === undefined ? `${each.product}\n${each.customer}\n${dimension}` : dimension;
      const statement = ofAgreement.get(key) ?? { used: each, unit, amount: new Amount() };
      ofAgreement.set(key, statement);
      statement.amount.add(each, ledger.catalogue);
    }
    const rows = ledger.catalogue
      .list("agreement")
      .filter((agreement) => amounts.has(agreement.agreementId) || overlaps(agreement, month))
      .toSorted((a, b) => (a.agreementId < b.agreementId ? -1 : 1))
      .flatMap((agreement) => rowsOf(agreement, amounts.get(agreement.agreementId), context));
    // Of customers whose agreement is in the catalogue no more.
    const others = [...(amounts.get("")?.values() ?? [])].map((statement) => ({
      productCode: statement.used.product,
      ...usageOf(statement),
    }));
    return { rows: [...rows, ...others], completeSinceMs };
  },
};

interface Statement {
  readonly used: Used;
  /** A dimension that was counted in two units has a statement for each. */
  readonly unit: string;
  readonly amount: Amount;
}

/** Which of several agreements usage is of is said by its hour; of one alone, the month is enough. */
async function usedByHourWhereNeeded({ ledger, month, nowMs }: ReportContext): ReturnType<typeof usedIn> {
  const names = await namesAsMetered(ledger);
  const { fromHour, toHour } = month;
  const by = ["product", "customer", "dimension"] as const;
  const whole = await usedIn(ledger, names, { fromHour, toHour, by, reckonedAtMs: nowMs });
  // Decided once: the catalogue may change while the hours are read.
  const several = new Set(
    whole.used
      .filter(({ product, customer }) => ledger.catalogue.agreementsOf(product, customer).length > 1)
      .map(productAndCustomer),
  );
  const isOfSeveral = (each: Used): boolean => several.has(productAndCustomer(each));
  const customers = [...new Set(whole.used.filter(isOfSeveral).map(({ customer }) => customer))];
  if (customers.length === 0) return whole;
  const range = { fromHour, toHour, by, customers, grain: "hour" as const, reckonedAtMs: nowMs };
  const byHour = await usedIn(ledger, names, range);
  const used = [...whole.used.filter((each) => !isOfSeveral(each)), ...byHour.used.filter(isOfSeveral)];
  return { ...whole, used };
}

const productAndCustomer = ({ product, customer }: Used): string => `${product}\n${customer}`;

function agreementOf({ product, customer, hour }: Used, catalogue: CatalogueView): Agreement | undefined {
  const candidates = catalogue.agreementsOf(product, customer).toSorted((a, b) => b.startsAtMs - a.startsAtMs);
  const begun = candidates.filter(({ startsAtMs }) => startsAtMs < (hour + 1) * HOUR_MS);
  return begun.find((agreement) => endMs(agreement) > hour * HOUR_MS) ?? begun[0] ?? candidates.at(-1);
}

/** Usage from before an end that was moved to an earlier time stays usage under the agreement. */
function endMs(agreement: Agreement): EpochMs {
  return Math.max(coverEndMs(agreement), agreement.coveredUntilMs ?? Number.NEGATIVE_INFINITY);
}

function overlaps(agreement: Agreement, { fromHour, toHour }: Month): boolean {
  return agreement.startsAtMs < toHour * HOUR_MS && coverEndMs(agreement) > fromHour * HOUR_MS;
}

function rowsOf(
  agreement: Agreement,
  statements: ReadonlyMap<string, Statement> | undefined,
  { ledger, nowMs }: ReportContext,
): ReportRow[] {
  const { catalogue } = ledger;
  const { agreementId, productCode, customerIdentifier, customerAccountId, licenseArn, startsAtMs, endsAtMs } =
    agreement;
  const head = {
    agreementId,
    status: statusOf(agreement, nowMs),
    productCode,
    productTitle: catalogue.product(productCode)?.title,
    customerReferenceId: customerIdentifier,
    customerAccountId,
    licenseArn,
    startsAt: iso(startsAtMs),
    endsAt: iso(endsAtMs),
  };
  if (statements === undefined) return [head];
  return [...statements]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, statement]) => ({ ...head, ...usageOf(statement) }));
}

/** The unit in which usage was counted in its hour. */
function unitIn({ product: productCode, dimension: name, hour }: Used, catalogue: CatalogueView): string | undefined {
  const product = catalogue.product(productCode);
  const dimension = product && dimensionEverOf(product, name);
  return dimension && termsIn(dimension, hour).unit;
}

function usageOf({ used, unit, amount }: Statement): ReportRow {
  return {
    dimension: used.dimension,
    usageUnits: amount.units,
    usageUnitType: unit,
    estimatedRevenue: amount.worth,
    currency: amount.worth === undefined ? undefined : "USD",
  };
}
