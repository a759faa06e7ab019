/**
 * What must hold of the books whatever changes in the catalogue: no use is kept under two names of one kind, and every record
 * is counted in its customer's row of its month's report.
 */
import { startOfHour, type BookedRecord, type Model, type ModelAgreement } from "./model.ts";

/** Uses counted twice: under two identifiers of one account, or under the licences of an agreement and its replacement. */
export function countedTwice({ books, agreements }: Model): string | undefined {
  const seen = new Map<string, string>();
  for (const record of books.values()) {
    const { customerIdentifier, licenseArn, dimension, timestampMs } = record.usageRecord;
    const name = customerIdentifier ?? licenseArn;
    if (name === undefined) continue;
    const whose = licenseArn === undefined ? accountOf(record, agreements) : firstOf(licenseArn, agreements);
    const use = JSON.stringify([
      record.region,
      record.productCode,
      whose,
      dimension,
      startOfHour(timestampMs),
      licenseArn === undefined,
    ]);
    const other = seen.get(use);
    if (other !== undefined && other !== name) return `${use} is booked under ${other} and ${name}`;
    seen.set(use, name);
  }
  return undefined;
}

export function accountOf(record: BookedRecord, agreements: readonly ModelAgreement[]): string {
  const { customerIdentifier, customerAccountId } = record.usageRecord;
  const named = agreements.find(
    (agreement) => agreement.productCode === record.productCode && agreement.customerIdentifier === customerIdentifier,
  );
  return (customerIdentifier === undefined ? customerAccountId : named?.customerAccountId) ?? "nobody";
}

/** The first agreement in the row of replacements that ends with the licence's agreement. */
function firstOf(licenseArn: string, agreements: readonly ModelAgreement[]): string {
  let agreement = agreements.find((candidate) => candidate.licenseArn === licenseArn);
  while (agreement?.replaces !== undefined) {
    const { replaces } = agreement;
    agreement = agreements.find(({ agreementId }) => agreementId === replaces);
  }
  return agreement?.agreementId ?? "none";
}

/** The sums of a month, by product, account and dimension. */
export function rowsOf({ books, agreements }: Model, month: string): Record<string, number> {
  const rows: Record<string, number> = {};
  for (const record of books.values()) {
    const { timestampMs, dimension, quantity = 0 } = record.usageRecord;
    if (!new Date(timestampMs).toISOString().startsWith(month)) continue;
    const row = [record.productCode, accountOf(record, agreements), dimension].join(" ");
    rows[row] = (rows[row] ?? 0) + quantity;
  }
  return rows;
}
