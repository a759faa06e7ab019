import { expect, test } from "vitest";
import { batchMeterUsage, type BatchMeterUsageOutput } from "../operations/batch-meter-usage.ts";
import { meterUsage } from "../operations/meter-usage.ts";
import { registerUsage } from "../operations/register-usage.ts";
import { resolveCustomer } from "../operations/resolve-customer.ts";
import { encoderOf } from "./encode.ts";

const encodeBatch = encoderOf(batchMeterUsage.output);
const encodeMeterInput = encoderOf(meterUsage.input);
const encodeRegister = encoderOf(registerUsage.output);
const encodeResolve = encoderOf(resolveCustomer.output);

const answer: BatchMeterUsageOutput = {
  results: [
    {
      usageRecord: {
        timestampMs: 1_700_000_000_000,
        customerIdentifier: "c",
        dimension: "users",
        quantity: 3,
        usageAllocations: [
          { allocatedUsageQuantity: 2, tags: [{ key: "k", value: "v" }] },
          { allocatedUsageQuantity: 1 },
        ],
      },
      meteringRecordId: "id",
      status: "Success",
    },
    {
      usageRecord: { timestampMs: 0, dimension: "users", customerAccountId: "123456789012" },
      status: "CustomerNotSubscribed",
    },
  ],
  unprocessedRecords: [],
};

test("an answer is written in the wire's spelling and in the order of the service model", () => {
  expect(encodeBatch(answer)).toBe(
    '{"Results":[' +
      '{"UsageRecord":{"Timestamp":1700000000,"CustomerIdentifier":"c","Dimension":"users","Quantity":3,' +
      '"UsageAllocations":[{"AllocatedUsageQuantity":2,"Tags":[{"Key":"k","Value":"v"}]},{"AllocatedUsageQuantity":1}]},' +
      '"MeteringRecordId":"id","Status":"Success"},' +
      '{"UsageRecord":{"Timestamp":0,"Dimension":"users","CustomerAWSAccountId":"123456789012"},' +
      '"Status":"CustomerNotSubscribed"}' +
      '],"UnprocessedRecords":[]}',
  );
});

test("the order of the members in the value does not matter", () => {
  const { results, unprocessedRecords } = answer;
  expect(encodeBatch({ unprocessedRecords, results })).toBe(encodeBatch(answer));
});

test("members that are absent are left out, also the first ones and all of them", () => {
  expect(encodeResolve({ productCode: "p", customerAccountId: "1" })).toBe(
    '{"ProductCode":"p","CustomerAWSAccountId":"1"}',
  );
  expect(encodeRegister({})).toBe("{}");
});

test("null is as good as absent, but for a quantity, which would count as 0", () => {
  const value = { productCode: "p", timestampMs: 0, usageDimension: "d", dryRun: null, usageAllocations: null };
  expect(encodeMeterInput(value as never)).toBe('{"ProductCode":"p","Timestamp":0,"UsageDimension":"d"}');
});

test("a whole number that is there and undefined is an error in an input, and left out of what we have made", () => {
  const encodeInput = encoderOf(meterUsage.input, undefined, "input");
  const value = { productCode: "p", timestampMs: 0, usageDimension: "d" };
  expect(encodeInput(value)).toBe('{"ProductCode":"p","Timestamp":0,"UsageDimension":"d"}');
  expect(encodeInput({ ...value, dryRun: undefined } as never)).toBe(encodeInput(value));
  const unknown = { ...value, usageQuantity: undefined } as never;
  expect(() => encodeInput(unknown)).toThrow(new TypeError("usageQuantity must be a finite number; it is undefined."));
  expect(encodeMeterInput(unknown)).toBe(encodeInput(value));
});

test("members are read by name, also those that an object has by its class", () => {
  class Resolved {
    readonly #customer = "1";
    get customerAccountId(): string {
      return this.#customer;
    }
  }
  expect(encodeResolve(new Resolved() as never)).toBe('{"CustomerAWSAccountId":"1"}');
});

test.each([
  [{ usageQuantity: Number.NaN }, "usageQuantity must be a finite number; it is NaN."],
  [{ usageQuantity: null }, "usageQuantity must be a finite number; it is null."],
  [{ usageQuantity: 1n }, "usageQuantity must be a finite number; it is of type bigint."],
  [{ usageAllocations: {} }, "usageAllocations must be an array; it is of type object."],
  [{ usageAllocations: [null] }, "usageAllocations must be made of objects; one is null."],
  [
    { usageAllocations: [{ allocatedUsageQuantity: "1" }] },
    "allocatedUsageQuantity must be a finite number; it is of type string.",
  ],
])("what JSON would not carry as it is, is no value: %o", (members, message) => {
  const value = { productCode: "p", timestampMs: 0, usageDimension: "d", ...members };
  expect(() => encodeMeterInput(value as never)).toThrow(new TypeError(message));
});

test("members that no shape knows are not written", () => {
  const value = { signature: "s", secret: "hidden" };
  expect(encodeRegister(value)).toBe('{"Signature":"s"}');
});

test("false, nought and empty texts are written, not left out", () => {
  const value = { productCode: "", timestampMs: 0, usageDimension: "", usageQuantity: 0, dryRun: false };
  expect(encodeMeterInput(value)).toBe(
    '{"ProductCode":"","Timestamp":0,"UsageDimension":"","UsageQuantity":0,"DryRun":false}',
  );
});

test.each([
  [0, "0"],
  [1, "0.001"],
  [-1, "-0.001"],
  [1_700_000_000_000, "1700000000"],
  [1_700_000_000_120, "1700000000.12"],
  [1_700_000_000_123, "1700000000.123"],
  [3_599_999, "3599.999"],
  [8_640_000_000_000_000, "8640000000000"],
])("the time %d ms is written as %s s, never with an exponent", (publicKeyRotationTimestampMs, seconds) => {
  expect(encodeRegister({ publicKeyRotationTimestampMs })).toBe(`{"PublicKeyRotationTimestamp":${seconds}}`);
});

test.each([
  ['"', String.raw`"\""`],
  ["\\", String.raw`"\\"`],
  ["\n\u0000", String.raw`"\n\u0000"`],
  ["é🧾\u2028", '"é🧾\u2028"'],
  ["\uD83E", String.raw`"\ud83e"`],
  ["</script>", '"</script>"'],
])("the text %j is written as JSON, and as valid UTF-8 even where it is not well formed", (signature, text) => {
  expect(encodeRegister({ signature })).toBe(`{"Signature":${text}}`);
});
