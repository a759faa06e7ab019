import * as fc from "fast-check";
import { expect, test } from "vitest";
import { HOUR_MS, QUANTITY_MAX } from "../limits.ts";
import { batchMeterUsage, type BatchMeterUsageInput } from "../operations/batch-meter-usage.ts";
import { meterUsage } from "../operations/meter-usage.ts";
import { registerUsage } from "../operations/register-usage.ts";
import { resolveCustomer } from "../operations/resolve-customer.ts";
import { decoderOf, type Decoded } from "./decode.ts";
import { encoderOf } from "./encode.ts";

const decodeBatch = decoderOf(batchMeterUsage.input);
const encodeBatch = encoderOf(batchMeterUsage.input);
const decodeMeter = decoderOf(meterUsage.input);
const decoders: readonly ((json: unknown) => Decoded<unknown>)[] = [
  decodeBatch,
  decodeMeter,
  decoderOf(registerUsage.input),
  decoderOf(resolveCustomer.input),
];

/** Any text that JSON can hold, halves of surrogate pairs included. */
const anyText = (minLength: number): fc.Arbitrary<string> =>
  fc.oneof(
    fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)), minLength, maxLength: 255 }),
    fc.string({ unit: "grapheme", minLength, maxLength: 40 }),
    fc.constantFrom("__proto__", "constructor", "\u2028", "\uD83E", '"\\', " "),
  );
const textOf = (pattern: RegExp, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.stringMatching(pattern), minLength, maxLength });

const quantity = fc.oneof(fc.integer({ min: 0, max: QUANTITY_MAX }), fc.constantFrom(0, 1, QUANTITY_MAX));
const timestampMs = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
  fc.integer({ min: -8_640_000_000_000_000, max: 8_640_000_000_000_000 }),
);
const tagText = /^[a-zA-Z0-9+ -=._:/@]$/;
const usageAllocations = fc.array(
  fc.record(
    {
      allocatedUsageQuantity: quantity,
      tags: fc.array(fc.record({ key: textOf(tagText, 1, 100), value: textOf(tagText, 1, 256) }), {
        minLength: 1,
        maxLength: 5,
      }),
    },
    { requiredKeys: ["allocatedUsageQuantity"] },
  ),
  { minLength: 1, maxLength: 4 },
);
const usageRecord = fc.record(
  {
    timestampMs,
    customerIdentifier: anyText(0),
    dimension: anyText(1),
    quantity,
    usageAllocations,
    customerAccountId: textOf(/^[0-9]$/, 1, 255),
    licenseArn: fc.stringMatching(
      /^arn:aws[a-zA-Z-]{0,7}:[A-Za-z0-9][a-z0-9_/.-]{0,20}::[0-9]{0,12}:[a-z0-9][a-z:_/+=,@.-]{0,9}$/,
    ),
  },
  { requiredKeys: ["timestampMs", "dimension"] },
);
const batchInput: fc.Arbitrary<BatchMeterUsageInput> = fc.record(
  {
    usageRecords: fc.array(usageRecord, { maxLength: 25 }),
    productCode: textOf(/^[-a-zA-Z0-9/=:_.@]$/, 0, 255),
  },
  { requiredKeys: ["usageRecords"] },
);

test("a valid BatchMeterUsage input that is written and read again is the same, to the last millisecond", () => {
  fc.assert(
    fc.property(batchInput, (value) => {
      expect(decodeBatch(JSON.parse(encodeBatch(value)))).toEqual({ ok: true, value });
    }),
    { numRuns: 300 },
  );
});

test("a timestamp stays in its second and hour, however fine its fraction", () => {
  const hours = fc.integer({ min: -2_000_000, max: 2_000_000 });
  const withinHour = fc.oneof(
    fc.double({ min: 0, max: 3_600, maxExcluded: true, noNaN: true }),
    fc.double({ min: 3_599.999, max: 3_600, maxExcluded: true, noNaN: true }),
    fc.constantFrom(3_599.999, 3_599.9994, 3_599.9995, 3_599.9999, 3_599.999_999, 0, 0.0004, 0.0005, 0.9999),
  );
  fc.assert(
    fc.property(hours, withinHour, (hour, rest) => {
      const seconds: number = JSON.parse(JSON.stringify(hour * 3_600 + rest));
      const decoded = decodeMeter({ ProductCode: "p", UsageDimension: "d", Timestamp: seconds });
      const ms = decoded.ok ? decoded.value.timestampMs : Number.NaN;
      expect(Number.isInteger(ms)).toBe(true);
      expect(Math.floor(ms / 1_000)).toBe(Math.floor(seconds));
      expect(Math.floor(ms / HOUR_MS)).toBe(Math.floor(Math.floor(seconds) / 3_600));
      expect(Math.abs(ms - seconds * 1_000)).toBeLessThanOrEqual(1);
    }),
    { numRuns: 2_000 },
  );
});

/** Replaces the value at one place of a JSON value; `turns` chooses a member at each level. */
function replacedAt(json: unknown, turns: readonly number[], replacement: unknown): unknown {
  const [turn, ...further] = turns;
  if (turn === undefined || json === null || typeof json !== "object") return replacement;
  const keys = Object.keys(json);
  const key = keys[turn % keys.length];
  if (key === undefined) return replacement;
  const entries = Object.entries(json).map(([name, value]): [string, unknown] => [
    name,
    name === key ? replacedAt(value, further, replacement) : value,
  ]);
  return Array.isArray(json) ? entries.map(([, value]) => value) : Object.fromEntries(entries);
}

const oddValue = fc.oneof(
  fc.jsonValue(),
  fc.constantFrom(
    null,
    Number.POSITIVE_INFINITY,
    -0,
    1.5,
    -1,
    2 ** 31,
    1e300,
    "",
    "NaN",
    [],
    [null],
    {},
    "x".repeat(300),
  ),
);
const mutated = fc
  .tuple(batchInput, fc.array(fc.nat({ max: 100 }), { maxLength: 8 }), oddValue)
  .map(([input, turns, value]) => replacedAt(JSON.parse(encodeBatch(input)), turns, value));

function expectBounded(decoded: Decoded<unknown>): void {
  if (decoded.ok) return;
  expect(decoded.refusal.message).not.toBe("");
  // Ten violations of the longest pattern, each with a shortened value.
  expect(decoded.refusal.message.length).toBeLessThan(8_192);
}

test("reading any JSON value gives a value or a refusal with a bounded message, and never throws", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (json) => {
      for (const decode of decoders) expectBounded(decode(json));
    }),
    { numRuns: 1_000 },
  );
});

test("reading a valid input with one place replaced never throws, and what it accepts can be written and read", () => {
  fc.assert(
    fc.property(mutated, (json) => {
      const decoded = decodeBatch(json);
      expectBounded(decoded);
      if (decoded.ok) expect(decodeBatch(JSON.parse(encodeBatch(decoded.value)))).toEqual(decoded);
    }),
    { numRuns: 1_000 },
  );
});
