import { expect, test } from "vitest";
import type { Advice } from "countinghouse/operator";
import { adviceByCall, adviceTexts } from "./advice.ts";
import type { Call } from "./call.ts";

const advice = (id: string, ...requestIds: readonly string[]): Advice => ({
  id,
  title: `Title of ${id}`,
  accountId: "111122223333",
  productCode: "p",
  harm: "Both are billed.",
  rightWay: `Right way of ${id}.`,
  source: "the guide",
  count: requestIds.length,
  evidence: requestIds.map((requestId) => ({ requestId, at: "2026-07-01T00:00:00Z", shows: `shown by ${requestId}` })),
});

const call = (requestId: string, outcome: Call["outcome"] = "ok"): Call => ({
  requestId,
  at: "2026-07-01T00:00:00Z",
  operation: "BatchMeterUsage",
  who: "metering",
  productCode: "p",
  outcome,
  code: undefined,
  reason: undefined,
  records: undefined,
  kept: true,
});

test("a call has each advice that it is evidence of, with what of it shows that", () => {
  const byCall = adviceByCall([advice("a", "1", "2"), advice("b", "2")]);
  expect(byCall.get("2")?.map(({ id, shows }) => [id, shows])).toEqual([
    ["a", "shown by 2"],
    ["b", "shown by 2"],
  ]);
  expect(byCall.get("3")).toBeUndefined();
});

test("the newest row says the right way, those below it name the mistake, and what was refused says nothing more", () => {
  const byCall = adviceByCall([advice("a", "1", "2", "3"), advice("b", "4")]);
  const texts = adviceTexts([call("9"), call("3", "refused"), call("2", "partly"), call("1"), call("4")], byCall);
  expect([...texts]).toEqual([
    ["2", "Title of a. Right way of a."],
    ["1", "Title of a."],
    ["4", "Title of b. Right way of b."],
  ]);
});
