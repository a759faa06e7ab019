import { describe, expect, test } from "vitest";
import { batchMeterUsage } from "../operations/batch-meter-usage.ts";
import { meterUsage } from "../operations/meter-usage.ts";
import { registerUsage } from "../operations/register-usage.ts";
import { resolveCustomer } from "../operations/resolve-customer.ts";
import { decoderOf, type Decoded } from "./decode.ts";

const decodeBatch = decoderOf(batchMeterUsage.input);
const decodeMeter = decoderOf(meterUsage.input);
const decodeRegister = decoderOf(registerUsage.input);
const decodeResolve = decoderOf(resolveCustomer.input);

const record = { Timestamp: 1_700_000_000, CustomerIdentifier: "c", Dimension: "users", Quantity: 1 };
const batch = (changes: object): object => ({ UsageRecords: [{ ...record, ...changes }], ProductCode: "prod" });
const allocation = (changes: object): object =>
  batch({ UsageAllocations: [{ AllocatedUsageQuantity: 1, Tags: [{ Key: "k", Value: "v" }], ...changes }] });
const meter = (changes: object): object => ({ ProductCode: "p", Timestamp: 0, UsageDimension: "d", ...changes });

const JAVA = { string: "java.lang.String", boolean: "java.lang.Boolean" };
const NUMBER = "com.amazon.coral.value.json.numbers.TruncatingBigNumber";
const LIST = "Start of list found where not expected";
const STRUCTURE = "Start of structure or map found where not expected.";
const notAn = (javaClass: string, type: string): string => `class ${javaClass} can not be converted to ${type}`;

describe("a value of the wrong type is a SerializationException that says what was found:", () => {
  const string = (json: unknown): Decoded<unknown> => decodeMeter(meter({ ProductCode: json }));
  const integer = (json: unknown): Decoded<unknown> => decodeBatch(batch({ Quantity: json }));
  const boolean = (json: unknown): Decoded<unknown> => decodeMeter(meter({ DryRun: json }));
  const timestamp = (json: unknown): Decoded<unknown> => decodeBatch(batch({ Timestamp: json }));
  const list = (json: unknown): Decoded<unknown> => decodeBatch({ UsageRecords: json });
  const structure = (json: unknown): Decoded<unknown> => decodeBatch({ UsageRecords: [json] });

  const table: readonly [string, Decoded<unknown>, string][] = [
    ["a number for a string", string(1), notAn(NUMBER, "an String")],
    ["a boolean for a string", string(true), notAn(JAVA.boolean, "an String")],
    ["a list for a string", string([]), LIST],
    ["an object for a string", string({}), STRUCTURE],
    ["a string for an integer", integer("1"), notAn(JAVA.string, "an Integer")],
    ["a boolean for an integer", integer(false), notAn(JAVA.boolean, "an Integer")],
    ["a list for an integer", integer([1]), LIST],
    ["an object for an integer", integer({}), STRUCTURE],
    ["a number for a boolean", boolean(1), notAn(NUMBER, "an Boolean")],
    ["a word for a boolean", boolean("maybe"), "'MAYBE' can not be converted to an Boolean"],
    ["an empty string for a boolean", boolean(""), "'' can not be converted to an Boolean"],
    [
      "a long string for a boolean",
      boolean("x".repeat(999)),
      `'${"X".repeat(256)}…' can not be converted to an Boolean`,
    ],
    ["a list for a boolean", boolean([true]), LIST],
    ["an object for a boolean", boolean({}), STRUCTURE],
    ["a string for a timestamp", timestamp("1"), notAn(JAVA.string, "milliseconds since epoch")],
    ["a date for a timestamp", timestamp("2024-01-01T00:00:00Z"), notAn(JAVA.string, "milliseconds since epoch")],
    ["a boolean for a timestamp", timestamp(true), notAn(JAVA.boolean, "milliseconds since epoch")],
    ["a list for a timestamp", timestamp([]), LIST],
    ["an object for a timestamp", timestamp({}), STRUCTURE],
    ["a string for a list", list("[]"), "Expected list or null"],
    ["a number for a list", list(0), "Expected list or null"],
    ["a boolean for a list", list(false), "Expected list or null"],
    ["an object for a list", list({}), STRUCTURE],
    ["a string for a structure", structure("{}"), "Expected null"],
    ["a number for a structure", structure(0), "Expected null"],
    ["a boolean for a structure", structure(true), "Expected null"],
    ["a list for a structure", structure([]), LIST],
    ["a number for a sensitive string", decodeResolve({ RegistrationToken: 4711 }), notAn(NUMBER, "an String")],
    ["a string for the whole input", decodeBatch("{}"), "Expected null"],
    ["a number for the whole input", decodeBatch(1), "Expected null"],
    ["null for the whole input", decodeBatch(null), "Expected null"],
    ["nothing for the whole input", decodeBatch(undefined), "Expected null"],
    ["a list for the whole input", decodeBatch([record]), LIST],
    ["a string for a public key version", decodeRegister({ PublicKeyVersion: "1" }), notAn(JAVA.string, "an Integer")],
    ["a number for a nonce", decodeRegister({ Nonce: 1 }), notAn(NUMBER, "an String")],
    ["an object for allocations", decodeBatch(batch({ UsageAllocations: {} })), STRUCTURE],
    ["a number among allocations", decodeMeter(meter({ UsageAllocations: [1] })), "Expected null"],
    ["an object for tags", decodeBatch(allocation({ Tags: { k: "v" } })), STRUCTURE],
    [
      "a number for a tag's value",
      decodeBatch(allocation({ Tags: [{ Key: "k", Value: 1 }] })),
      notAn(NUMBER, "an String"),
    ],
  ];
  test.each(table)("%s", (_, decoded, message) => {
    expect(decoded).toStrictEqual({ ok: false, refusal: { code: "SerializationException", message } });
  });
});

test("Rule D3: a type error anywhere wins over violated constraints that come before it", () => {
  const json = { UsageRecords: [...Array.from({ length: 30 }, () => null), { Quantity: -1, Dimension: 5 }] };
  expect(decodeBatch(json)).toMatchObject({
    refusal: { code: "SerializationException", message: notAn(NUMBER, "an String") },
  });
});

test("Rule D3: of several type errors the first is named, in the order of the service model", () => {
  expect(decodeBatch({ ProductCode: true, UsageRecords: [{ Quantity: "1", Timestamp: "0" }] })).toMatchObject({
    refusal: { message: notAn(JAVA.string, "milliseconds since epoch") },
  });
});

test("a whole request is read under our names, and absent members stay absent", () => {
  const json = allocation({});
  expect(decodeBatch(json)).toStrictEqual({
    ok: true,
    value: {
      usageRecords: [
        {
          timestampMs: 1_700_000_000_000,
          customerIdentifier: "c",
          dimension: "users",
          quantity: 1,
          usageAllocations: [{ allocatedUsageQuantity: 1, tags: [{ key: "k", value: "v" }] }],
        },
      ],
      productCode: "prod",
    },
  });
  expect(decodeMeter(meter({ UsageQuantity: 0, DryRun: false, ClientToken: "t" }))).toStrictEqual({
    ok: true,
    value: { productCode: "p", timestampMs: 0, usageDimension: "d", usageQuantity: 0, dryRun: false, clientToken: "t" },
  });
  expect(decodeRegister({ ProductCode: "p", PublicKeyVersion: 1 })).toStrictEqual({
    ok: true,
    value: { productCode: "p", publicKeyVersion: 1 },
  });
  expect(decodeResolve({ RegistrationToken: "t" })).toStrictEqual({ ok: true, value: { registrationToken: "t" } });
});

test("Rule D2: an explicit null counts as absent", () => {
  const nulls = { Quantity: null, UsageAllocations: null, CustomerAWSAccountId: null, LicenseArn: null };
  expect(decodeBatch({ UsageRecords: [{ Timestamp: 0, Dimension: "d", ...nulls }], ProductCode: null })).toStrictEqual({
    ok: true,
    value: { usageRecords: [{ timestampMs: 0, dimension: "d" }] },
  });
  expect(decodeMeter(meter({ DryRun: null, ClientToken: null }))).toEqual(decodeMeter(meter({})));
});

test("Rule D2: unknown members are ignored, and so are known ones in another case", () => {
  const more = { Unknown: { deep: [1] }, productCode: 5, DRYRUN: "?", "": null };
  expect(decodeMeter({ ...more, ...meter({}) })).toStrictEqual(decodeMeter(meter({})));
});

test.each(["__proto__", "constructor", "prototype", "toString"])(
  "Rule D2: a member named %s is ignored and changes no object",
  (name) => {
    const before = Reflect.ownKeys(Object.prototype);
    const pollution = `"${name}":{"ProductCode":"q","polluted":true,"prototype":{"polluted":true}}`;
    const decoded = decodeBatch(
      JSON.parse(`{${pollution},"UsageRecords":[{${pollution},"Timestamp":0,"Dimension":"d"}]}`),
    );
    expect(decoded).toStrictEqual({ ok: true, value: { usageRecords: [{ timestampMs: 0, dimension: "d" }] } });
    expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
    expect(Reflect.get({}, "polluted")).toBeUndefined();
  },
);

describe("a boolean is also read from the words that the services accept:", () => {
  test.each(["true", "TRUE", "True", "1", "yes", "YES"])("%j is true", (word) => {
    expect(decodeMeter(meter({ DryRun: word }))).toMatchObject({ value: { dryRun: true } });
  });
  test.each(["false", "False", "0", "no", "No"])("%j is false", (word) => {
    expect(decodeMeter(meter({ DryRun: word }))).toMatchObject({ value: { dryRun: false } });
  });
});

describe("a timestamp is read to the millisecond, and no rounding carries it into another second or hour:", () => {
  test.each([
    ["0", 0],
    ["-0", 0],
    ["1700000000", 1_700_000_000_000],
    ["1.7e9", 1_700_000_000_000],
    ["1700000000.123", 1_700_000_000_123],
    ["1700000000.1234", 1_700_000_000_123],
    ["1700000000.1236", 1_700_000_000_124],
    ["3599.9999", 3_599_999],
    ["3599.99999999", 3_599_999],
    ["3600", 3_600_000],
    ["0.0004", 0],
    ["-0.0001", -1],
    ["-0.5", -500],
    ["-1", -1_000],
    ["8640000000000", 8_640_000_000_000_000],
    ["-8640000000000", -8_640_000_000_000_000],
  ])("%s s are %d ms", (text, timestampMs) => {
    expect(decodeMeter(meter({ Timestamp: JSON.parse(text) }))).toMatchObject({ value: { timestampMs } });
  });
});

test("a quantity of minus nought is read as nought", () => {
  expect(decodeMeter(meter({ UsageQuantity: JSON.parse("-0") }))).toStrictEqual(
    decodeMeter(meter({ UsageQuantity: 0 })),
  );
});

test("one decoder reads many requests, and a refused one leaves nothing behind", () => {
  const refused = decodeMeter(meter({ ProductCode: " ", DryRun: "?" }));
  expect(refused.ok).toBe(false);
  expect(decodeMeter({})).toEqual(decodeMeter({}));
  expect(decodeMeter(meter({})).ok).toBe(true);
});
