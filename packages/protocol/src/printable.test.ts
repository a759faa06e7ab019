import * as fc from "fast-check";
import { expect, test } from "vitest";
import { printable } from "./printable.ts";

test("what has a picture stands as it is, and what has none as JSON would write it", () => {
  expect(printable("a dimension: é, 漢, 🧾, 'quoted'")).toBe("a dimension: é, 漢, 🧾, 'quoted'");
  expect(printable("a\nb\0\u2028\u202e\ud83e")).toBe(String.raw`a\u000ab\u0000\u2028\u202e\ud83e`);
  expect(printable("\u{e0001}")).toBe(String.raw`\udb40\udc01`);
});

test("what is too long is cut, between characters", () => {
  expect(printable("x".repeat(256))).toBe("x".repeat(256));
  expect(printable("x".repeat(257))).toBe(`${"x".repeat(256)}…`);
  expect(printable(`${"x".repeat(255)}🧾`)).toBe(`${"x".repeat(255)}…`);
});

test("any text comes out bounded and printable", () => {
  const unit = fc.nat({ max: 0xffff }).map((code) => String.fromCharCode(code));
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 400 }), (text) => {
      const shown = printable(text, 100);
      expect(shown).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect(shown.length).toBeLessThanOrEqual(601);
    }),
  );
});
