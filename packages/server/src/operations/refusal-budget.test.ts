import { expect, test } from "vitest";
import { newCall } from "../../testing/contract/works.ts";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import { REFUSED_BYTES_A_MINUTE, RefusalBudget } from "./refusal-budget.ts";

const ANNA: Call = { ...newCall(), accountId: "111122223333", operation: "MeterUsage" };
const BERT: Call = { ...ANNA, accountId: "444455556666" };
const OPERATOR: Call = { ...newCall(), operation: "CreateAgreement" };
const METERED: LedgerEvent = { kind: "usage-metered", productCode: "p", records: [] };
const SHOWN: LedgerEvent = { kind: "events-shown", request: {}, count: 0 };

const refusalOf = (message: string): LedgerEvent => ({
  kind: "call-refused",
  code: "ThrottlingException",
  message,
  compared: {},
});

/** A refusal whose entry counts as this many bytes. */
function refusal(bytes: number): LedgerEvent {
  return refusalOf("x".repeat(bytes - 1_000 - JSON.stringify(refusalOf("")).length));
}

function budget(at: { ms: number; isShort?: boolean }): { of: RefusalBudget; spared: string[] } {
  const spared: string[] = [];
  const of = new RefusalBudget({
    wallMs: () => at.ms,
    isShort: () => at.isShort === true,
    onSpared: (operation, code) => spared.push(`${operation} ${code}`),
  });
  return { of, spared };
}

/** Does what the ledger does: asks when it decides, and tells when it answers. */
function keep(of: RefusalBudget, call: Call, event: LedgerEvent): void {
  expect(of.isSpared(call, event)).toBe(false);
  of.onAnswered(call, event, false);
}

test("an account's refusals of a minute are kept up to so many bytes, and the rest is counted", () => {
  const { of, spared } = budget({ ms: 60_000 });
  keep(of, ANNA, refusal(REFUSED_BYTES_A_MINUTE - 2_000));
  expect(of.isSpared(ANNA, refusal(2_000))).toBe(false);
  keep(of, ANNA, refusal(2_000));
  expect(of.isSpared(ANNA, refusal(2_000))).toBe(true);
  of.onAnswered(ANNA, refusal(2_000), true);
  expect(spared).toEqual(["MeterUsage ThrottlingException"]);
  expect(
    [METERED, SHOWN].map((event) => of.isSpared(ANNA, event)),
    "what is no refusal is kept",
  ).toEqual([false, false]);
  expect(of.isSpared(BERT, refusal(2_000)), "another account has a budget of its own").toBe(false);
  expect(of.isSpared(OPERATOR, refusal(2_000)), "what the operator tries is kept").toBe(false);
});

test("one byte less leaves room for one more", () => {
  const { of } = budget({ ms: 0 });
  keep(of, ANNA, refusal(REFUSED_BYTES_A_MINUTE - 1));
  expect(of.isSpared(ANNA, refusal(2_000))).toBe(false);
});

test("what was spared, or was no refusal, or was the operator's, takes nothing of the budget", () => {
  const { of, spared } = budget({ ms: 0 });
  of.onAnswered(ANNA, refusal(REFUSED_BYTES_A_MINUTE), true);
  keep(of, ANNA, { ...METERED, productCode: "x".repeat(REFUSED_BYTES_A_MINUTE) });
  keep(of, OPERATOR, refusal(REFUSED_BYTES_A_MINUTE));
  expect(of.isSpared(ANNA, refusal(2_000))).toBe(false);
  expect(spared).toEqual(["MeterUsage ThrottlingException"]);
});

test("the next minute begins anew, for all", () => {
  const at = { ms: 59_998 };
  const { of } = budget(at);
  for (const call of [ANNA, BERT]) keep(of, call, refusal(REFUSED_BYTES_A_MINUTE));
  expect([ANNA, BERT].map((call) => of.isSpared(call, refusal(2_000)))).toEqual([true, true]);
  at.ms = 59_999;
  expect(of.isSpared(ANNA, refusal(2_000)), "it is the same minute").toBe(true);
  at.ms = 60_000;
  expect([ANNA, BERT].map((call) => of.isSpared(call, refusal(2_000)))).toEqual([false, false]);
});

test("where there is room for usage only, all that changes nothing is spared, and counted by what came of it", () => {
  const { of, spared } = budget({ ms: 0, isShort: true });
  expect([refusal(2_000), SHOWN, METERED].map((event) => of.isSpared(ANNA, event))).toEqual([true, true, false]);
  expect(of.isSpared(OPERATOR, refusal(2_000))).toBe(false);
  of.onAnswered(ANNA, SHOWN, true);
  expect(spared).toEqual(["MeterUsage ok"]);
});

test("a refusal that is answered in the minute after it was decided counts in that minute", () => {
  const at = { ms: 59_999 };
  const { of } = budget(at);
  expect(of.isSpared(ANNA, refusal(REFUSED_BYTES_A_MINUTE))).toBe(false);
  at.ms = 60_000;
  of.onAnswered(ANNA, refusal(REFUSED_BYTES_A_MINUTE), false);
  expect(of.isSpared(ANNA, refusal(2_000))).toBe(true);
});
