import { describe, expect, test } from "vitest";
import { batchMeterUsage } from "../operations/batch-meter-usage.ts";
import { registerUsage } from "../operations/register-usage.ts";
import { encoderOf } from "./encode.ts";
import { UnreadableAnswer, answerReaderOf } from "./read-answer.ts";

const readBatch = answerReaderOf(batchMeterUsage.output);
const readRegistration = answerReaderOf(registerUsage.output);

test("an answer is read as it was written", () => {
  const answer = {
    results: [
      {
        usageRecord: {
          timestampMs: 1_767_323_045_678,
          dimension: "gb",
          quantity: 3,
          usageAllocations: [{ allocatedUsageQuantity: 3, tags: [{ key: "team", value: "red" }] }],
          customerAccountId: "444455556666",
        },
        meteringRecordId: "id",
        status: "Success" as const,
      },
    ],
    unprocessedRecords: [],
  };
  expect(readBatch(JSON.parse(encoderOf(batchMeterUsage.output)(answer)))).toEqual(answer);
});

test("what the model does not know is left out, null is absent, and a new status is taken", () => {
  const json = { Results: [{ Status: "SomethingNew", MeteringRecordId: null, Extra: 1 }], Other: {} };
  expect(readBatch(json)).toEqual({ results: [{ status: "SomethingNew" }] });
});

test("values that no request could have are taken all the same", () => {
  const json = { UnprocessedRecords: [{ CustomerAWSAccountId: "not digits", Quantity: 3_000_000_000 }] };
  expect(readBatch(json)).toEqual({
    unprocessedRecords: [{ customerAccountId: "not digits", quantity: 3_000_000_000 }],
  });
});

describe("a fraction of a second", () => {
  test.each([
    [1_767_323_045, 1_767_323_045_000],
    [1_767_323_045.678, 1_767_323_045_678],
    [1_767_322_799.9999, 1_767_322_799_999],
  ])("%d is %d ms", (seconds, milliseconds) => {
    expect(readRegistration({ PublicKeyRotationTimestamp: seconds })).toEqual({
      publicKeyRotationTimestampMs: milliseconds,
    });
  });
});

describe("a value of the wrong type is not taken:", () => {
  test.each([
    [[], "Expected an object, found a list."],
    [null, "Expected an object, found null."],
    [{ Results: {} }, "Expected a list, found a value of type object."],
    [{ Results: [7] }, "Expected an object, found a value of type number."],
    [{ Results: [{ Status: 7 }] }, "Expected a string, found a value of type number."],
    [{ UnprocessedRecords: [{ Timestamp: "today" }] }, "Expected a number of seconds, found a value of type string."],
  ])("%j", (json, message) => {
    expect(() => readBatch(json)).toThrow(UnreadableAnswer);
    expect(() => readBatch(json)).toThrow(message);
  });
});
