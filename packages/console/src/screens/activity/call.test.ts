import { expect, test } from "vitest";
import { countsText, merged, nameOf, sentenceOf, type Call } from "./call.ts";

const call = (requestId: string, at: string): Call => ({
  requestId,
  at,
  operation: "BatchMeterUsage",
  who: "metering",
  productCode: undefined,
  outcome: "ok",
  code: undefined,
  reason: undefined,
  records: undefined,
  kept: true,
});

test("calls are shown once, newest first, and no more than are held", () => {
  const known = [call("b", "2026-07-01T00:00:02Z"), call("a", "2026-07-01T00:00:01Z")];
  const more = [call("c", "2026-07-01T00:00:03Z"), call("b", "2026-07-01T00:00:02Z")];
  expect(merged(known, more, 10).map(({ requestId }) => requestId)).toEqual(["c", "b", "a"]);
  expect(merged(known, more, 2).map(({ requestId }) => requestId)).toEqual(["c", "b"]);
});

test("records are counted in words", () => {
  expect(countsText(undefined)).toBeUndefined();
  expect(countsText({ accepted: 1 })).toBe("1 record");
  expect(countsText({ accepted: 2, duplicate: 1, notSubscribed: 3 })).toBe("2 accepted, 1 duplicate, 3 not subscribed");
});

test("the sentence is told without the rule and the error that stand beside it", () => {
  const reason = "Refused by Rule W1: TimestampOutOfBoundsException: Timestamp is too old.";
  expect(sentenceOf({ reason, code: "TimestampOutOfBoundsException" })).toBe("Timestamp is too old.");
  expect(sentenceOf({ reason: "Something else: told whole.", code: "Another" })).toBe("Something else: told whole.");
});

test("whoever has an ARN is called by its end", () => {
  expect(nameOf("arn:aws:iam::111122223333:user/metering")).toBe("metering");
  expect(nameOf("arn:aws:sts::444455556666:assumed-role/gateway/i-0abc")).toBe("gateway/i-0abc");
  expect(nameOf("operator")).toBe("operator");
});
