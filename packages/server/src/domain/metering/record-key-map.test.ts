import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { keyText, type MeteringRecordKey } from "./metering-record.ts";
import { RecordKeyMap } from "./record-key-map.ts";

/** Few values for each part, so that whole keys are repeated, and keys that differ in one part. */
const key: fc.Arbitrary<MeteringRecordKey> = fc.record({
  hour: fc.constantFrom(490_000, 490_001),
  region: fc.constantFrom("us-east-1", "eu-west-1"),
  offering: fc.constantFrom("logs", "traces", ""),
  customer: fc.constantFrom("account:1", "identifier:1"),
  dimension: fc.constantFrom("gb", "queries", ""),
  discriminator: fc.constantFrom("", "resource:a", "token:resource:a:t"),
});
const step = fc.record({ kind: fc.constantFrom("get" as const, "add" as const), key });

describe("A map by keys of metering records", () => {
  test("is one by the whole of the key, and keeps what came first", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 200, size: "max" }), (steps) => {
        const map = new RecordKeyMap<number>();
        const model = new Map<string, number>();
        for (const [i, { kind, key: of }] of steps.entries()) {
          const text = keyText(of);
          if (kind === "add") {
            expect(map.add(of, i)).toBe(!model.has(text));
            if (!model.has(text)) model.set(text, i);
          }
          expect(map.get(of)).toBe(model.get(text));
        }
      }),
    );
  });

  test.each([
    ["dimension", { dimension: "gb\nresource:a", discriminator: "" }],
    ["customer", { customer: "account:1\nresource:a", discriminator: "" }],
  ])("takes no key for another because of a line break in its %s", (_where, odd) => {
    const kept = {
      hour: 490_000,
      region: "us-east-1",
      offering: "logs",
      customer: "account:1",
      dimension: "gb",
      discriminator: "resource:a",
    };
    const map = new RecordKeyMap<number>();
    map.add(kept, 1);
    expect(map.get({ ...kept, ...odd })).toBeUndefined();
  });
});
