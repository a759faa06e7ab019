/**
 * Rule K8: no new way to name a customer of a product begins in hours in which another way is in use. Otherwise the same usage,
 * sent again in the new way, would count twice.
 */
import { ruleSets, iso, type EpochMs } from "@countinghouse/protocol";
import type { Agreement, AgreementsById } from "../catalogue/agreement.ts";
import type { CatalogueLookUps } from "./overlay.ts";
import { conflict, type ChangeProblem } from "./change-problem.ts";
import { accountCustomer } from "../metering/metering-record.ts";
import { hoursGained, sharedHours, usageHours, type UsageHours } from "./usage-hours.ts";

/** No rule set accepts usage that is older than this. */
const WINDOW_MAX_MS =
  1000 * Math.max(...Object.values(ruleSets).map((set) => set.batchMeterUsageWindow.ageSecondsLimit));

/** `after`: the catalogue with all changes; `before`: the catalogue as it is held now. */
export function namesProblem(
  agreement: Agreement,
  after: Pick<CatalogueLookUps, "agreement" | "agreementsOf">,
  before: AgreementsById,
  nowMs: EpochMs,
): ChangeProblem | undefined {
  const { agreementId, productCode, customerAccountId, customerIdentifier, licenseArn } = agreement;
  if (customerIdentifier === undefined && licenseArn === undefined) return undefined;
  const old = before.agreement(agreementId);
  const held = old && { other: old, hours: usageHours(old, before) };
  const gained = hoursGained(held?.hours, usageHours(agreement, after));
  if (gained.length === 0) return undefined;
  const others = after
    .agreementsOf(productCode, accountCustomer(customerAccountId))
    .filter((other) => other.agreementId !== agreementId)
    .map((other) => ({ other, hours: usageHours(other, after) }));
  const named = held === undefined ? others : [...others, held];
  for (const { other, hours } of others) {
    // Two agreements of the same change were never in use without each other.
    if (before.agreement(other.agreementId) === undefined) continue;
    for (const shared of gained.map((more) => sharedHours(more, hours))) {
      // Usage of older hours is not accepted any more, under any name.
      if (shared === undefined || shared.toMs <= nowMs - WINDOW_MAX_MS) continue;
      const inUse = (has: (named: Agreement) => boolean): boolean =>
        named.some((one) => has(one.other) && reaches(one.hours, shared.fromMs));
      const beside = { agreement, other, inUse };
      const member = newIdentifier(beside) ? "customerIdentifier" : newLicence(beside) ? "licenseArn" : undefined;
      if (member !== undefined) return conflict(member, problemText(agreement, other, member, shared.fromMs));
    }
  }
  return undefined;
}

interface NamedBeside {
  readonly agreement: Agreement;
  readonly other: Agreement;
  /** Whether an agreement that names the customer in a given way covers the start of the shared hours, or ended there. */
  readonly inUse: (has: (named: Agreement) => boolean) => boolean;
}

function newIdentifier({ agreement: { customerIdentifier }, other, inUse }: NamedBeside): boolean {
  if (customerIdentifier === undefined || other.customerIdentifier === customerIdentifier) return false;
  if (other.customerIdentifier !== undefined) return true;
  return !inUse((named) => named.customerIdentifier === customerIdentifier);
}

/** A licence beside another licence is a separate agreement; a customer may have several. */
function newLicence({ agreement: { licenseArn }, other, inUse }: NamedBeside): boolean {
  if (licenseArn === undefined || other.licenseArn !== undefined) return false;
  return !inUse((named) => named.licenseArn !== undefined);
}

function reaches({ fromMs, toMs }: UsageHours, atMs: EpochMs): boolean {
  return fromMs <= atMs && atMs <= toMs;
}

function problemText(
  { customerAccountId, productCode }: Agreement,
  other: Agreement,
  member: "customerIdentifier" | "licenseArn",
  fromMs: EpochMs,
): string {
  const has = other[member] === undefined ? "without one" : `with ${other[member]}`;
  return `agreement ${other.agreementId} names account ${customerAccountId} of product ${productCode} ${has} in hours from ${iso(fromMs)} on, and usage sent under both names would count twice; a new agreement with replaces: ${other.agreementId} takes over at an hour's edge`;
}
