import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { NumberedKey } from "./names.ts";
import { RecentHours } from "./recent-hours.ts";

const small = fc.integer({ min: 1, max: 4 });
const key: fc.Arbitrary<NumberedKey> = fc.record({
  hour: fc.integer({ min: 0, max: 60 }),
  offering: small,
  region: small,
  customer: fc.integer({ min: 1, max: 1_000_000 }),
  dimension: small,
  discriminator: fc.constant(""),
});
type Step =
  | { readonly kind: "group"; readonly keys: readonly NumberedKey[]; readonly fails: boolean }
  | { readonly kind: "reset"; readonly fails: boolean }
  | { readonly kind: "restart" };
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("group" as const),
      keys: fc.array(key, { maxLength: 40 }),
      fails: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("reset" as const), fails: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("restart" as const) }) },
);

test("a key that is kept is never taken for new, whatever fails, is reset, restarted, or is of too many hours", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      let kept: NumberedKey[] = [];
      const begin = (): RecentHours => new RecentHours((hour) => kept.every((one) => one.hour !== hour));
      let hours = begin();
      for (const one of steps) {
        if (one.kind === "restart") hours = begin();
        else if (one.kind === "reset") {
          hours.forget();
          if (!one.fails) kept = [];
        } else {
          for (const added of one.keys) hours.add(added);
          if (!one.fails) kept.push(...one.keys);
        }
        expect(kept.filter((found) => !hours.mayHold(found))).toEqual([]);
      }
    }),
    { numRuns: 300 },
  );
});

const keyOf = (n: number): NumberedKey => ({
  hour: 7,
  offering: 1,
  region: 1 + (n % 7),
  customer: 1 + Math.floor(n / 210),
  dimension: 1 + (n % 30),
  discriminator: "",
});

test("nearly all new keys of an hour that was seen to begin are told to be new", () => {
  const hours = new RecentHours(() => true);
  for (let n = 0; n < 200_000; n += 1) hours.add(keyOf(n));
  let perhaps = 0;
  for (let n = 200_000; n < 300_000; n += 1) perhaps += hours.mayHold(keyOf(n)) ? 1 : 0;
  expect(perhaps).toBeLessThan(1_000);
});

test("an hour that already held records is looked up", () => {
  const hours = new RecentHours(() => false);
  const one: NumberedKey = { hour: 7, offering: 1, region: 1, customer: 1, dimension: 1, discriminator: "" };
  hours.add(one);
  expect(hours.mayHold({ ...one, customer: 2 })).toBe(true);
});
