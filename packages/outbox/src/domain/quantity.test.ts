import { assert, bigInt, property } from "fast-check";
import { expect, test } from "vitest";
import { exactOf, floorDivide, quantityText, readQuantity, sumOf } from "./quantity.ts";

test("a text and its quantity are one for one", () => {
  const whole = bigInt(-(10n ** 39n) + 1n, 10n ** 39n - 1n);
  assert(
    property(whole, (exact) => {
      const text = quantityText(exact);
      expect(exactOf(text)).toBe(exact);
      expect(sumOf(text)).toBe(exact);
      expect(text).toMatch(/^(0|-?(?!0\d)\d+(\.\d*[1-9])?)$/);
    }),
  );
});

test.each(["1e3", "", "-", "1.", ".1", "NaN", "١", "1_000"])("%s is no decimal", (text) => {
  expect(readQuantity(text)).toMatch(/decimal/);
});

test("division rounds down, below zero too", () => {
  expect([floorDivide(7n, 2n), floorDivide(-7n, 2n), floorDivide(-8n, 2n), floorDivide(0n, 2n)]).toEqual([
    3n,
    -4n,
    -4n,
    0n,
  ]);
});
