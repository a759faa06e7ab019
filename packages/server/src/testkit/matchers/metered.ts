/** What was metered, and what was not. */
import { HOUR_MS, iso } from "@countinghouse/protocol";
import { lookInto, type LookingIn } from "../looking-in.ts";
import { meteredRows, type MeteredRow } from "../metered-rows.ts";
import type { SeenCall } from "../seen-calls.ts";
import { callText, recordsOf } from "../trace.ts";
import {
  allocationsShown,
  nameOf,
  sameAllocations,
  Wanted,
  type ExpectedCustomer,
  type ExpectedUsage,
} from "./expected-usage.ts";
import { resultOf, type MatcherResult } from "./result.ts";

const ROWS_SHOWN = 5;
const SENT_SHOWN = 5;

/**
 * Whether usage was metered, once: `units` is the sum of all metering records that the other members leave, so that what was
 * counted twice does not pass.
 */
export function toHaveMetered(market: unknown, expected: ExpectedUsage = {}): MatcherResult {
  const looking = lookInto(market);
  const wanted = new Wanted(expected, looking);
  const rows = meteredRows(looking.calls.all);
  const found = rows.filter((row) => wanted.fits(row));
  const pass = found.length > 0 && isAsExpected(found, expected);
  const lines = (): string[] => [
    `Expected the market to have metered ${wanted.text}.`,
    ...(found.length > 0
      ? [`It metered ${sumText(found)}, by ${found.length === 1 ? "this record" : "these records"}:`]
      : [rows.length === 0 ? "It has metered nothing." : "It has metered nothing of the kind. The nearest records:"]),
    ...nearest(found.length > 0 ? found : rows, wanted).map(rowText),
    ...notMetered(wanted, looking),
  ];
  return resultOf(pass, looking, lines, `Expected the market not to have metered ${wanted.text}.`);
}

/** Whether nothing was metered of a customer: no record, nor one of nothing. */
export function toHaveMeteredNothingFor(market: unknown, customer: ExpectedCustomer): MatcherResult {
  const looking = lookInto(market);
  const wanted = new Wanted({ customer }, looking);
  const found = meteredRows(looking.calls.all).filter((row) => wanted.fits(row));
  const who = nameOf(customer);
  const lines = (): string[] => [
    `Expected the market to have metered nothing for customer ${who}. It metered:`,
    ...found.slice(0, ROWS_SHOWN).map(rowText),
  ];
  return resultOf(found.length === 0, looking, lines, `Expected the market to have metered something for ${who}.`);
}

function isAsExpected(found: readonly MeteredRow[], { units, allocations }: ExpectedUsage): boolean {
  if (units !== undefined && unitsOf(found) !== units) return false;
  const shown = allocationsShown(found.flatMap((row) => row.allocations));
  return allocations === undefined || sameAllocations(shown, allocations);
}

function unitsOf(rows: readonly MeteredRow[]): number {
  return rows.reduce((sum, { units }) => sum + units, 0);
}

function sumText(rows: readonly MeteredRow[]): string {
  const shown = allocationsShown(rows.flatMap(({ allocations }) => allocations));
  const allocated = Object.keys(shown).length === 0 ? "" : `, allocated as ${JSON.stringify(shown)}`;
  return `${unitsOf(rows)} units${allocated}`;
}

function nearest(rows: readonly MeteredRow[], wanted: Wanted): readonly MeteredRow[] {
  return rows.toSorted((a, b) => wanted.nearness(b) - wanted.nearness(a)).slice(0, ROWS_SHOWN);
}

function rowText({ units, dimension, customer, licenseArn, productCode, hour, region, requestId }: MeteredRow): string {
  const licence = licenseArn === undefined ? "" : ` by ${licenseArn}`;
  return `  ${units} ${dimension} for customer ${customer}${licence} of product ${productCode} in the hour ${iso(hour * HOUR_MS)}, ${region} [${requestId}]`;
}

/** Records of that customer and dimension that were sent and not taken, and why; and calls that were refused. */
function notMetered(wanted: Wanted, looking: LookingIn): string[] {
  const { dimension } = wanted.expected;
  const lines = looking.calls.all.flatMap((call) => {
    if (call.code !== undefined) return [`  ${callText(call, looking)}`];
    const left = recordsOf(call, looking).filter(
      ({ outcome, sent }) =>
        outcome !== "accepted" &&
        (dimension === undefined || sent.dimension === dimension) &&
        isOf(sent, productOf(call), wanted),
    );
    return left.map(({ record, outcome, sent, rule, hint }) => {
      const why = hint ?? rule.text;
      return `  ${sent.quantity} ${sent.dimension} at ${sent.timestamp}: record ${record} of request ${call.requestId}: ${outcome} (Rule ${rule.id}). ${why}`;
    });
  });
  if (lines.length === 0) return [];
  const more = lines.length > SENT_SHOWN ? [`  … and ${lines.length - SENT_SHOWN} more`] : [];
  return ["Sent, and not metered:", ...lines.slice(0, SENT_SHOWN), ...more];
}

interface Sent {
  readonly customerIdentifier?: string | undefined;
  readonly customerAccountId?: string | undefined;
  readonly licenseArn?: string | undefined;
}

function isOf(
  { customerIdentifier, customerAccountId, licenseArn }: Sent,
  productCode: string,
  wanted: Wanted,
): boolean {
  return wanted.isCustomer({ customer: customerIdentifier ?? customerAccountId ?? "", licenseArn, productCode });
}

function productOf({ entry }: SeenCall): string {
  return entry?.event.kind === "usage-metered" ? (entry.event.productCode ?? "") : "";
}
