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

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const record = { Timestamp: 1_700_000_000, Dimension: "users" };
const batch = (changes: object): Decoded<unknown> => decodeBatch({ UsageRecords: [{ ...record, ...changes }] });
const meter = (changes: object): Decoded<unknown> =>
  decodeMeter({ ProductCode: "p", Timestamp: 0, UsageDimension: "d", ...changes });
const register = (changes: object): Decoded<unknown> =>
  decodeRegister({ ProductCode: "p", PublicKeyVersion: 1, ...changes });
const bucket = { AllocatedUsageQuantity: 1 };
const allocations = (...list: object[]): Decoded<unknown> => batch({ UsageAllocations: list });
const tag = (key: unknown, value: unknown): Decoded<unknown> =>
  allocations({ ...bucket, Tags: [{ Key: key, Value: value }] });

const at = (path: string, value: string, constraint: string): string =>
  `Value ${value} at '${path}' failed to satisfy constraint: Member must ${constraint}`;
const absent = (path: string): string => at(path, "null", "not be null");
const longest = (length: number): string => `have length less than or equal to ${length}`;
const shortest = (length: number): string => `have length greater than or equal to ${length}`;
const largest = (value: number): string => `have value less than or equal to ${value}`;
const smallest = (value: number): string => `have value greater than or equal to ${value}`;
const matching = (pattern: string): string => `satisfy regular expression pattern: ${pattern}`;
const WHOLE = "be a whole number";

const RECORD = "usageRecords.1.member";
const ALLOCATION = `${RECORD}.usageAllocations.1.member`;
const TAG = `${ALLOCATION}.tags.1.member`;
const PRODUCT_CODE = "^[-a-zA-Z0-9/=:_.@]*$";
const TAG_TEXT = String.raw`^[a-zA-Z0-9+ -=._:\/@]+$`;
const LICENSE_ARN =
  "^arn:aws[a-zA-Z-]*:[A-Za-z0-9][A-Za-z0-9_/.-]{0,62}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9_/.-]{0,63}:[A-Za-z0-9][A-Za-z0-9:_/+=,@.-]{0,1023}$";

describe("a violated constraint is a ValidationException that names value, place and constraint:", () => {
  const table: readonly [string, Decoded<unknown>, readonly string[]][] = [
    ["no members in BatchMeterUsage", decodeBatch({}), [absent("usageRecords")]],
    ["null for the records", decodeBatch({ UsageRecords: null }), [absent("usageRecords")]],
    ["a record that is null", decodeBatch({ UsageRecords: [record, null] }), [absent("usageRecords.2.member")]],
    [
      "Rule L2: 26 records",
      decodeBatch({ UsageRecords: times(26, record) }),
      [at("usageRecords", "'[UsageRecord x 26]'", longest(25))],
    ],
    [
      "an empty record",
      decodeBatch({ UsageRecords: [{}] }),
      [absent(`${RECORD}.timestamp`), absent(`${RECORD}.dimension`)],
    ],
    [
      "a product code of 256 characters",
      meter({ ProductCode: "p".repeat(256) }),
      [at("productCode", `'${"p".repeat(256)}'`, longest(255))],
    ],
    [
      "a product code with a space",
      meter({ ProductCode: "a b" }),
      [at("productCode", "'a b'", matching(PRODUCT_CODE))],
    ],
    [
      "a product code with a line feed behind it",
      meter({ ProductCode: "a\n" }),
      [at("productCode", String.raw`'a\u000a'`, matching(PRODUCT_CODE))],
    ],
    [
      "a customer identifier of 256 characters",
      batch({ CustomerIdentifier: "c".repeat(256) }),
      [at(`${RECORD}.customerIdentifier`, `'${"c".repeat(256)}'`, longest(255))],
    ],
    [
      "an empty account id",
      batch({ CustomerAWSAccountId: "" }),
      [
        at(`${RECORD}.customerAWSAccountId`, "''", shortest(1)),
        at(`${RECORD}.customerAWSAccountId`, "''", matching("^[0-9]+$")),
      ],
    ],
    [
      "an account id of 256 digits",
      batch({ CustomerAWSAccountId: "1".repeat(256) }),
      [at(`${RECORD}.customerAWSAccountId`, `'${"1".repeat(256)}'`, longest(255))],
    ],
    [
      "an account id with a letter",
      batch({ CustomerAWSAccountId: "12345678901x" }),
      [at(`${RECORD}.customerAWSAccountId`, "'12345678901x'", matching("^[0-9]+$"))],
    ],
    [
      "a licence that is no ARN",
      batch({ LicenseArn: "l-1" }),
      [at(`${RECORD}.licenseArn`, "'l-1'", matching(LICENSE_ARN))],
    ],
    [
      "an empty dimension",
      batch({ Dimension: "" }),
      [at(`${RECORD}.dimension`, "''", shortest(1)), at(`${RECORD}.dimension`, "''", matching(String.raw`[\s\S]+`))],
    ],
    [
      "a dimension of 256 characters",
      batch({ Dimension: "d".repeat(256) }),
      [at(`${RECORD}.dimension`, `'${"d".repeat(256)}'`, longest(255))],
    ],
    ["Rule L3: a negative quantity", batch({ Quantity: -1 }), [at(`${RECORD}.quantity`, "'-1'", smallest(0))]],
    [
      "Rule L3: a quantity of 2^31",
      batch({ Quantity: 2_147_483_648 }),
      [at(`${RECORD}.quantity`, "'2147483648'", largest(2_147_483_647))],
    ],
    [
      "Rule L3: a quantity of 1e400",
      batch({ Quantity: JSON.parse("1e400") }),
      [at(`${RECORD}.quantity`, "'Infinity'", largest(2_147_483_647))],
    ],
    [
      "Rule L3: a quantity of -1e400",
      batch({ Quantity: JSON.parse("-1e400") }),
      [at(`${RECORD}.quantity`, "'-Infinity'", smallest(0))],
    ],
    ["Rule D1: a quantity with a fraction", batch({ Quantity: 1.5 }), [at(`${RECORD}.quantity`, "'1.5'", WHOLE)]],
    ["Rule D1: a fraction of one", batch({ Quantity: 1e-9 }), [at(`${RECORD}.quantity`, "'1e-9'", WHOLE)]],
    ["Rule D1: a fraction below nought", batch({ Quantity: -0.5 }), [at(`${RECORD}.quantity`, "'-0.5'", smallest(0))]],
    [
      "Rule D1: a fraction above the range",
      batch({ Quantity: 2_147_483_647.5 }),
      [at(`${RECORD}.quantity`, "'2147483647.5'", largest(2_147_483_647))],
    ],
    [
      "a timestamp of 1e400",
      batch({ Timestamp: JSON.parse("1e400") }),
      [at(`${RECORD}.timestamp`, "'Infinity'", largest(8_640_000_000_000))],
    ],
    [
      "a timestamp after what a date can hold",
      batch({ Timestamp: 8_640_000_000_001 }),
      [at(`${RECORD}.timestamp`, "'8640000000001'", largest(8_640_000_000_000))],
    ],
    [
      "a timestamp before what a date can hold",
      batch({ Timestamp: -1e300 }),
      [at(`${RECORD}.timestamp`, "'-1e+300'", smallest(-8_640_000_000_000))],
    ],
    [
      "no allocations in the list of them",
      allocations(),
      [at(`${RECORD}.usageAllocations`, "'[UsageAllocation x 0]'", shortest(1))],
    ],
    [
      "Rule A3: 2,501 allocations",
      allocations(...times(2_501, bucket)),
      [at(`${RECORD}.usageAllocations`, "'[UsageAllocation x 2501]'", longest(2_500))],
    ],
    ["an empty allocation", allocations({}), [absent(`${ALLOCATION}.allocatedUsageQuantity`)]],
    [
      "Rule D1: an allocation with a fraction",
      allocations({ AllocatedUsageQuantity: 0.1 }),
      [at(`${ALLOCATION}.allocatedUsageQuantity`, "'0.1'", WHOLE)],
    ],
    [
      "a negative allocation",
      allocations({ AllocatedUsageQuantity: -2 }),
      [at(`${ALLOCATION}.allocatedUsageQuantity`, "'-2'", smallest(0))],
    ],
    [
      "no tags in the list of them",
      allocations({ ...bucket, Tags: [] }),
      [at(`${ALLOCATION}.tags`, "'[Tag x 0]'", shortest(1))],
    ],
    [
      "Rule A4: 6 tags",
      allocations({ ...bucket, Tags: times(6, { Key: "k", Value: "v" }) }),
      [at(`${ALLOCATION}.tags`, "'[Tag x 6]'", longest(5))],
    ],
    ["a tag without key and value", tag(undefined, null), [absent(`${TAG}.key`), absent(`${TAG}.value`)]],
    ["an empty key", tag("", "v"), [at(`${TAG}.key`, "''", shortest(1)), at(`${TAG}.key`, "''", matching(TAG_TEXT))]],
    ["a key of 101 characters", tag("k".repeat(101), "v"), [at(`${TAG}.key`, `'${"k".repeat(101)}'`, longest(100))]],
    [
      "a value of 257 characters, which is clipped",
      tag("k", "v".repeat(257)),
      [at(`${TAG}.value`, `'${"v".repeat(256)}…'`, longest(256))],
    ],
    ["a key in another script", tag("é", "v"), [at(`${TAG}.key`, "'é'", matching(TAG_TEXT))]],
    ["a value with >", tag("k", "a>b"), [at(`${TAG}.value`, "'a>b'", matching(TAG_TEXT))]],
    [
      "no members in MeterUsage",
      decodeMeter({}),
      [absent("productCode"), absent("timestamp"), absent("usageDimension")],
    ],
    [
      "an empty usage dimension",
      meter({ UsageDimension: "" }),
      [at("usageDimension", "''", shortest(1)), at("usageDimension", "''", matching(String.raw`[\s\S]+`))],
    ],
    ["Rule D1: a usage quantity with a fraction", meter({ UsageQuantity: 0.5 }), [at("usageQuantity", "'0.5'", WHOLE)]],
    [
      "allocations of MeterUsage",
      meter({ UsageAllocations: [] }),
      [at("usageAllocations", "'[UsageAllocation x 0]'", shortest(1))],
    ],
    ["an empty client token", meter({ ClientToken: "" }), [at("clientToken", "''", shortest(1))]],
    [
      "a client token of 65 characters",
      meter({ ClientToken: "t".repeat(65) }),
      [at("clientToken", `'${"t".repeat(65)}'`, longest(64))],
    ],
    ["no members in RegisterUsage", decodeRegister({}), [absent("productCode"), absent("publicKeyVersion")]],
    ["public key version 0", register({ PublicKeyVersion: 0 }), [at("publicKeyVersion", "'0'", smallest(1))]],
    ["public key version 1.5", register({ PublicKeyVersion: 1.5 }), [at("publicKeyVersion", "'1.5'", WHOLE)]],
    [
      "public key version 2^31",
      register({ PublicKeyVersion: 2 ** 31 }),
      [at("publicKeyVersion", "'2147483648'", largest(2_147_483_647))],
    ],
    [
      "a nonce of 256 characters",
      register({ Nonce: "n".repeat(256) }),
      [at("nonce", `'${"n".repeat(256)}'`, longest(255))],
    ],
    ["no members in ResolveCustomer", decodeResolve({}), [absent("registrationToken")]],
  ];
  test.each(table)("%s", (_, decoded, violations) => {
    const count = `${violations.length} validation error${violations.length === 1 ? "" : "s"} detected`;
    const message = `${count}: ${violations.join("; ")}`;
    expect(decoded).toStrictEqual({ ok: false, refusal: { code: "ValidationException", message } });
  });
});

describe("a value at the edge of its constraints is accepted:", () => {
  const table: readonly [string, Decoded<unknown>][] = [
    ["no records", decodeBatch({ UsageRecords: [] })],
    ["25 records", decodeBatch({ UsageRecords: times(25, record) })],
    ["an empty product code (Rule P1 refuses it)", meter({ ProductCode: "" })],
    ["a product code of 255 characters", meter({ ProductCode: "-azAZ09/=:_.@".padEnd(255, "x") })],
    ["an empty customer identifier", batch({ CustomerIdentifier: "" })],
    ["a customer identifier of control and other characters", batch({ CustomerIdentifier: "\u0000\n\u2028\uD800🧾" })],
    ["an account id of 1 digit", batch({ CustomerAWSAccountId: "0" })],
    ["a dimension of 255 line feeds", batch({ Dimension: "\n".repeat(255) })],
    ["quantity 0", batch({ Quantity: 0 })],
    ["quantity 2^31 - 1", batch({ Quantity: 2_147_483_647 })],
    ["a whole quantity written with a fraction of nought", batch({ Quantity: JSON.parse("1.0") })],
    ["a whole quantity written with an exponent", batch({ Quantity: JSON.parse("1e3") })],
    ["2,500 allocations", allocations(...times(2_500, bucket))],
    ["an allocation of 0", allocations({ AllocatedUsageQuantity: 0 })],
    ["5 tags", allocations({ ...bucket, Tags: times(5, { Key: "k", Value: "v" }) })],
    ["a key of 100 and a value of 256 characters", tag("k".repeat(100), "v".repeat(256))],
    ["the characters of the model's range in a tag", tag(" !\"#$%&'()*+,-./0123456789:;<=", "azAZ_@")],
    ["a licence", batch({ LicenseArn: "arn:aws-us-gov:license-manager::123456789012:license:l-0123" })],
    ["a client token of 64 characters", meter({ ClientToken: "t".repeat(64) })],
    ["an empty nonce", register({ Nonce: "" })],
    ["a nonce of 255 characters", register({ Nonce: "n".repeat(255) })],
  ];
  test.each(table)("%s", (_, decoded) => {
    expect(decoded).toMatchObject({ ok: true });
  });
});

test("Rule D3: of more than ten violations the first ten are named", () => {
  const violations = [1, 2, 3, 4, 5].flatMap((position) => [
    absent(`usageRecords.${position}.member.timestamp`),
    absent(`usageRecords.${position}.member.dimension`),
  ]);
  expect(decodeBatch({ UsageRecords: times(25, {}) })).toMatchObject({
    refusal: { message: `10 validation errors detected: ${violations.join("; ")}` },
  });
});

test("an over-long list is named before what is wrong inside it", () => {
  const json = { UsageRecords: [...times(25, record), { ...record, Quantity: -1 }] };
  const list = at("usageRecords", "'[UsageRecord x 26]'", longest(25));
  const item = at("usageRecords.26.member.quantity", "'-1'", smallest(0));
  expect(decodeBatch(json)).toMatchObject({ refusal: { message: `2 validation errors detected: ${list}; ${item}` } });
});

test("a registration token never appears in a message", () => {
  expect(decodeResolve({ RegistrationToken: "" })).toMatchObject({
    refusal: {
      message: String.raw`1 validation error detected: Value at 'registrationToken' failed to satisfy constraint: Member must satisfy regular expression pattern: [\s\S]+`,
    },
  });
  const secret: Decoded<unknown> = decoderOf<{ token: string }>({
    kind: "structure",
    name: "Secret",
    members: { token: { wire: "Token", shape: { kind: "string", lengthMax: 3, sensitive: true } } },
  })({ Token: "hunter2" });
  expect(secret).toMatchObject({ refusal: { message: expect.not.stringContaining("hunter2") } });
});

test("a megabyte in one string comes back as its first 256 characters", () => {
  expect(meter({ ClientToken: "é".repeat(1_000_000) })).toMatchObject({
    refusal: { message: `1 validation error detected: ${at("clientToken", `'${"é".repeat(256)}…'`, longest(64))}` },
  });
});
