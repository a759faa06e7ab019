/** Maps and doubles, tested with the only operation that has them. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  entitlementFilterKeys,
  getEntitlements,
  type CustomerEntitlement,
  type GetEntitlementsInput,
} from "../operations/get-entitlements.ts";
import { decoderOf, type Decoded } from "./decode.ts";
import { encoderOf } from "./encode.ts";

const decodeInput = decoderOf(getEntitlements.input);
const encodeInput = encoderOf(getEntitlements.input);
const decodeOutput = decoderOf(getEntitlements.output);
const encodeOutput = encoderOf(getEntitlements.output);

const asking = (Filter: unknown): Decoded<unknown> => decodeInput({ ProductCode: "p", Filter });
const value = (Value: object): Decoded<unknown> => decodeOutput({ Entitlements: [{ Value }] });

const NUMBER = "com.amazon.coral.value.json.numbers.TruncatingBigNumber";
const LIST = "Start of list found where not expected";
const STRUCTURE = "Start of structure or map found where not expected.";
const ENUM = "[CUSTOMER_IDENTIFIER, DIMENSION, CUSTOMER_AWS_ACCOUNT_ID, LICENSE_ARN]";
const KEYS = `failed to satisfy constraint: Map keys must satisfy constraint: [Member must satisfy enum value set: ${ENUM}]`;
const VALUES =
  "failed to satisfy constraint: Map value must satisfy constraint: [Member must have length greater than or equal to 1]";

describe("a map or a double of the wrong type is a SerializationException that says what was found:", () => {
  const table: readonly [string, Decoded<unknown>, string][] = [
    ["a list for a map", asking([]), LIST],
    ["a string for a map", asking("DIMENSION"), "Expected map or null"],
    ["a number for a map", asking(1), "Expected map or null"],
    ["a string for a map's list", asking({ DIMENSION: "users" }), "Expected list or null"],
    ["a map for a map's list", asking({ DIMENSION: {} }), STRUCTURE],
    ["a number in a map's list", asking({ DIMENSION: [1] }), `class ${NUMBER} can not be converted to an String`],
    ["a list under a key that is not known (Rule D3)", asking({ COLOUR: [[]] }), LIST],
    ["a string for a double", value({ DoubleValue: "1" }), "class java.lang.String can not be converted to an Double"],
    [
      "a boolean for a double",
      value({ DoubleValue: true }),
      "class java.lang.Boolean can not be converted to an Double",
    ],
    ["a list for a double", value({ DoubleValue: [] }), LIST],
    ["an object for a double", value({ DoubleValue: {} }), STRUCTURE],
  ];
  test.each(table)("%s", (_, decoded, message) => {
    expect(decoded).toStrictEqual({ ok: false, refusal: { code: "SerializationException", message } });
  });
});

describe("a map that violates a constraint says so once, however often it does:", () => {
  const table: readonly [string, unknown, readonly string[]][] = [
    ["a key that is not known", { COLOUR: ["red"] }, [`Value '{COLOUR}' at 'filter' ${KEYS}`]],
    ["a key in other capitals", { dimension: ["users"] }, [`Value '{dimension}' at 'filter' ${KEYS}`]],
    ["two of them beside a known one", { A: ["1"], DIMENSION: ["d"], B: ["2"] }, [`Value '{A, DIMENSION, B}' at 'filter' ${KEYS}`]],
    ["an empty list", { DIMENSION: [] }, [`Value '{DIMENSION}' at 'filter' ${VALUES}`]],
    ["two empty lists", { DIMENSION: [], LICENSE_ARN: [] }, [`Value '{DIMENSION, LICENSE_ARN}' at 'filter' ${VALUES}`]],
    ["both", { COLOUR: [] }, [`Value '{COLOUR}' at 'filter' ${KEYS}`, `Value '{COLOUR}' at 'filter' ${VALUES}`]],
    ["null for a list", { DIMENSION: null }, [
      "Value null at 'filter.DIMENSION.member' failed to satisfy constraint: Member must not be null",
    ]],
    ["null in a list", { DIMENSION: ["d", null] }, [
      "Value null at 'filter.DIMENSION.member.2.member' failed to satisfy constraint: Member must not be null",
    ]],
  ]; // prettier-ignore
  test.each(table)("%s", (_, filter, violations) => {
    const count = violations.length;
    const message = `${count} validation error${count === 1 ? "" : "s"} detected: ${violations.join("; ")}`;
    expect(asking(filter)).toStrictEqual({ ok: false, refusal: { code: "ValidationException", message } });
  });

  test("a thousand keys, and keys of a thousand letters, come back clipped", () => {
    const keys = Array.from({ length: 1_000 }, (_, i) => `${i}${"k".repeat(1_000)}`);
    const decoded = asking(Object.fromEntries(keys.map((key) => [key, null])));
    expect(decoded).toMatchObject({ refusal: { code: "ValidationException" } });
    expect(decoded.ok ? "" : decoded.refusal.message.length).toBeLessThan(8_192);
  });
});

test.each(["__proto__", "constructor", "toString"])("a key named %s is no known one and changes no object", (name) => {
  const before = Reflect.ownKeys(Object.prototype);
  expect(asking(JSON.parse(`{"${name}":["polluted"]}`))).toMatchObject({ refusal: { code: "ValidationException" } });
  expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
});

test("Rule D2: null for a map counts as absent, and an empty map is one", () => {
  expect(asking(null)).toStrictEqual({ ok: true, value: { productCode: "p" } });
  expect(asking({})).toStrictEqual({ ok: true, value: { productCode: "p", filter: {} } });
});

/** The members that the refusal names. */
function refused(input: object): string[] {
  const decoded = decodeInput(input);
  return decoded.ok ? [] : [...decoded.refusal.message.matchAll(/at '(\w+)'/g)].map(([, path = ""]) => path);
}

test("the constraints of the entitlement service's own members hold (Rule E5)", () => {
  expect(refused({})).toEqual(["productCode"]);
  expect(refused({ ProductCode: "" })).toEqual(["productCode"]);
  expect(refused({ ProductCode: "p".repeat(256) })).toEqual(["productCode"]);
  expect(refused({ ProductCode: "p".repeat(255), MaxResults: 25 })).toEqual([]);
  expect(refused({ ProductCode: "p", MaxResults: 0 })).toEqual(["maxResults"]);
  expect(refused({ ProductCode: "p", MaxResults: 26 })).toEqual(["maxResults"]);
  expect(refused({ ProductCode: "p", NextToken: "" })).toEqual(["nextToken"]);
});

test("a refused page token is not in the message", () => {
  expect(decodeInput({ ProductCode: "p", NextToken: "   " })).toMatchObject({
    refusal: { message: expect.stringContaining("Value at 'nextToken'") as string },
  });
});

const names = fc.array(fc.string({ unit: "grapheme" }), { minLength: 1, maxLength: 5 });
const anyInput: fc.Arbitrary<GetEntitlementsInput> = fc.record(
  {
    productCode: fc.string({ minLength: 1, maxLength: 255 }),
    filter: fc.record(Object.fromEntries(entitlementFilterKeys.map((key) => [key, names])), { requiredKeys: [] }),
    nextToken: fc.base64String({ minLength: 4 }),
    maxResults: fc.integer({ min: 1, max: 25 }),
  },
  { requiredKeys: ["productCode"] },
);
const anyValue = fc.oneof(
  fc.record({ integerValue: fc.integer() }),
  fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }).map((double) => double + 0) }),
  fc.record({ booleanValue: fc.boolean() }),
  fc.record({ stringValue: fc.string() }),
);
const anyEntitlement: fc.Arbitrary<CustomerEntitlement> = fc.record(
  {
    productCode: fc.string(),
    dimension: fc.string(),
    customerIdentifier: fc.string(),
    customerAccountId: fc.string(),
    value: anyValue,
    expirationDateMs: fc.integer({ min: 0, max: 4_102_444_800_000 }),
    licenseArn: fc.string(),
  },
  { requiredKeys: ["productCode", "dimension", "customerAccountId", "value"] },
);

test("what is asked and what is answered come back from the wire as they were, to the last digit of a double", () => {
  fc.assert(
    fc.property(anyInput, fc.array(anyEntitlement, { maxLength: 4 }), (input, entitlements) => {
      expect(decodeInput(JSON.parse(encodeInput(input)))).toEqual({ ok: true, value: input });
      const output = { entitlements };
      expect(decodeOutput(JSON.parse(encodeOutput(output)))).toEqual({ ok: true, value: output });
    }),
  );
});

test("a double beyond the range of doubles is refused", () => {
  expect(value({ DoubleValue: JSON.parse("1e400") })).toMatchObject({
    refusal: {
      code: "ValidationException",
      message: expect.stringContaining("Member must be a finite number") as string,
    },
  });
});

test("a double of minus zero is read as zero, so that the value read equals the value written", () => {
  expect(value({ DoubleValue: -0 })).toStrictEqual(value({ DoubleValue: 0 }));
});
