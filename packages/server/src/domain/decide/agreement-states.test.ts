/** Whether usage is accepted as agreements begin, end, are cancelled, suspended and renewed: Rules G1 to G5, I6 and K5. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import { describe, expect, test } from "vitest";
import type { Agreement } from "../catalogue/agreement.ts";
import { ANNA, ANNAS_ACCOUNT, LOGS, NOW_MS, REGION, SELLER } from "../../../testing/market.ts";
import { agreement, factsOf, licence, market, usage } from "../../../testing/market.ts";
import { decideBatchMeterUsage, keysOf, type BatchMeterUsageDecision } from "./batch-meter-usage.ts";

/** The time this many hours from now. */
const hour = (offsetHours: number): number => NOW_MS + offsetHours * HOUR_MS;
const anna = (over: Partial<Agreement>): Agreement => agreement("anna", over);

function decide(agreements: readonly Agreement[], record: UsageRecord, kept = false): BatchMeterUsageDecision {
  const byProduct = record.licenseArn === undefined ? { productCode: LOGS } : {};
  const request = { callerAccountId: SELLER, region: REGION, input: { ...byProduct, usageRecords: [record] } };
  return decideBatchMeterUsage(
    request,
    keysOf(request),
    factsOf({
      catalogue: market(agreements),
      kept: [
        kept
          ? { meteringRecordId: "first", timestampMs: NOW_MS, dimension: "gb", quantity: record.quantity ?? 0 }
          : undefined,
      ],
    }),
  );
}

/** `Success`, or the rule by which the record is not accepted. */
function outcome(decision: BatchMeterUsageDecision): string {
  if (decision.rejected !== undefined) return `${decision.rejected.code} ${decision.rejected.rule}`;
  const status = decision.results[0]?.status ?? "";
  expect(decision.accepted).toHaveLength(status === "Success" ? 1 : 0);
  return status === "Success" ? status : (decision.notSubscribed.get(0) ?? "no rule");
}

/** What happened to the agreement; the time of the usage; the outcome by product code, and the outcome under the licence. */
type Case = readonly [what: string, over: Partial<Agreement>, usedAtMs: number, byProduct: string, byLicence: string];

const I6 = "InvalidLicenseException I6";
const NOW = NOW_MS;

const cases: readonly Case[] = [
  ["in force", { startsAtMs: hour(-5) }, hour(-1), "Success", "Success"],
  ["used at its very start (Rule G2)", { startsAtMs: hour(-1) }, hour(-1), "Success", "Success"],
  ["used a millisecond before its start (Rules G2, I6)", { startsAtMs: hour(-1) + 1 }, hour(-1), "G2", I6],
  ["starting with the call (Rule G1)", { startsAtMs: NOW }, NOW, "Success", "Success"],
  ["yet to start (Rules G1, I6)", { startsAtMs: NOW + 1 }, NOW + 60_000, "G1", I6],
  ["slightly ahead of the clock counts as now (Rules G2, W3)", { endsAtMs: NOW + 1 }, NOW + 900_000, "Success", "Success"],
  ["a free trial (Rule G5)", { freeTrial: true }, hour(-1), "Success", "Success"],

  ["run out just now, used before (Rule G3)", { endsAtMs: NOW }, NOW - 1, "Success", "Success"],
  ["run out just now, used since (Rules G2, I6)", { endsAtMs: NOW }, NOW, "G2", I6],
  ["run out within the hour, used before (Rule G3)", { endsAtMs: hour(-1) + 1 }, hour(-1), "Success", "Success"],
  ["run out an hour ago (Rules G3, I6)", { endsAtMs: hour(-1) }, hour(-2), "G3", I6],

  ["cancelled just now (Rule G3)", { cancelledAtMs: NOW }, NOW, "Success", "Success"],
  ["cancelled, used in the final hour (Rule G3)", { cancelledAtMs: hour(-0.5) }, hour(-0.25), "Success", "Success"],
  ["cancelled, a millisecond before the final hour is over (Rule G3)", { cancelledAtMs: hour(-1) + 1 }, NOW, "Success", "Success"],
  ["cancelled, the final hour over (Rule G3)", { cancelledAtMs: hour(-1) }, hour(-2), "G3", "G3"],
  ["cancelled, and run out within the final hour (Rules G2, G3)", { cancelledAtMs: hour(-0.5), endsAtMs: hour(-0.25) }, hour(-0.1), "G2", "G2"],

  ["suspended (Rule G4)", { suspendedAtMs: hour(-1) }, hour(-2), "G4", "G4"],
  ["suspended in its final hour (Rule G4)", { suspendedAtMs: hour(-1), cancelledAtMs: NOW }, hour(-2), "G4", "G4"],
  ["suspended, and its final hour over (Rule G3)", { suspendedAtMs: hour(-3), cancelledAtMs: hour(-2) }, hour(-2), "G3", "G3"],
]; // prettier-ignore

describe.each(cases)("an agreement %s", (_what, over, timestampMs, byProduct, byLicence) => {
  test(`by product code and identifier: ${byProduct}`, () => {
    expect(outcome(decide([anna(over)], usage({ ...ANNA, timestampMs })))).toBe(byProduct);
  });

  test(`by product code and account: ${byProduct}`, () => {
    const record = usage({ customerAccountId: ANNAS_ACCOUNT, timestampMs });
    expect(outcome(decide([anna(over)], record))).toBe(byProduct);
  });

  test(`under its licence: ${byLicence}`, () => {
    const record = usage({ customerAccountId: ANNAS_ACCOUNT, licenseArn: licence("anna"), timestampMs });
    expect(outcome(decide([anna(over)], record))).toBe(byLicence);
  });

  test("what is kept is answered whatever has become of it (Rule K5)", () => {
    for (const named of [ANNA, { customerAccountId: ANNAS_ACCOUNT, licenseArn: licence("anna") }]) {
      const decision = decide([anna(over)], usage({ ...named, timestampMs }), true);
      expect(decision).toMatchObject({ results: [{ status: "Success", meteringRecordId: "first" }], accepted: [] });
    }
  });
});

const by = (record: UsageRecord, ...agreements: Agreement[]): string => outcome(decide(agreements, record));
const at = (timestampMs: number): UsageRecord => usage({ ...ANNA, timestampMs });
const of = (name: string): UsageRecord =>
  usage({ customerAccountId: ANNAS_ACCOUNT, licenseArn: licence(name), timestampMs: hour(-1) });

describe("several agreements of one customer", () => {
  const ended = agreement("ended", { endsAtMs: hour(-3) });
  const renewed = agreement("renewed", { startsAtMs: hour(-2) });

  test("after a renewal, usage under either is accepted, and none of the time between (Rules G1, G2)", () => {
    expect(by(at(hour(-1)), ended, renewed)).toBe("Success");
    expect(by(at(hour(-4)), ended, renewed)).toBe("Success");
    expect(by(at(hour(-2.5)), ended, renewed)).toBe("G2");
  });

  test("one that is open is enough, beside others that are suspended, cancelled or pending (Rules G1, G3, G4)", () => {
    const suspended = agreement("suspended", { suspendedAtMs: hour(-1) });
    const cancelled = agreement("cancelled", { cancelledAtMs: hour(-4) });
    const pending = agreement("pending", { startsAtMs: hour(1) });
    expect(by(at(hour(-1)), suspended, cancelled, pending, renewed)).toBe("Success");
    expect(by(at(hour(-1)), cancelled, pending, suspended)).toBe("G4");
    expect(by(at(hour(-1)), pending, cancelled)).toBe("G3");
    expect(by(at(hour(-1)), pending)).toBe("G1");
  });

  test("a record with a licence is held against that licence alone (Rules G1, I6)", () => {
    expect(by(of("ended"), ended, renewed)).toBe(I6);
    expect(by(of("renewed"), ended, renewed)).toBe("Success");
  });
});
