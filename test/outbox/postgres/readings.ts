/** Readings at random, on both sides of every edge that is judged. */
import * as fc from "fast-check";

const name = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: fc.constantFrom("a", "😀", "ä"), maxLength: 300 }),
);
const digits = fc.string({ unit: fc.constantFrom("0", "0", "0", "1", "2", "5", "9"), maxLength: 24 });
const quantity = fc.oneof(
  fc.tuple(fc.constantFrom("", "-", "+"), digits, fc.constantFrom("", "."), digits).map((parts) => parts.join("")),
  fc.string({ unit: "grapheme", maxLength: 6 }),
);
const two = (min: number, max: number) => fc.integer({ min, max }).map((number) => String(number).padStart(2, "0"));
const at = fc
  .tuple(
    fc.constantFrom("2026", "2024", "2100", "0099", "0100", "9999", "1969", "26"),
    fc.constantFrom("-"),
    two(0, 13),
    fc.constantFrom("-"),
    two(0, 32),
    fc.constantFrom("T", " ", "t"),
    two(0, 25),
    fc.constantFrom(":"),
    two(0, 61),
    fc.constantFrom(":59", ":60", ""),
    fc.constantFrom("", ".5", ".123456789", ".1234567890", "."),
    fc.constantFrom("Z", "+23:59", "-05:30", "+24:00", "", "z", "Z\n"),
  )
  .map((parts) => parts.join(""));
const tag = fc.string({
  unit: fc.constantFrom("a", "B", "0", " ", "=", '"', "\\", "|", "ä", "@", "+", "-", "&"),
  maxLength: 4,
});
const tags = fc.oneof(
  fc.dictionary(tag, tag, { maxKeys: 6 }).map((object) => JSON.stringify(object)),
  fc.dictionary(tag, tag, { maxKeys: 2 }).map((object) => JSON.stringify(object, null, 1)),
  fc.json({ maxDepth: 2 }),
  fc.constantFrom(
    "null",
    " null ",
    "",
    "{",
    '{"\\u0061":"\\u003d\\/"}',
    '{"a":"b",}',
    `{"${"k".repeat(100)}":"${"v".repeat(256)}"}`,
  ),
);
/** Good and bad, of every kind that is judged. */
export const readings = fc.record({
  readingId: fc.uuid(),
  tenant: fc.oneof({ weight: 3, arbitrary: fc.constant("t") }, { weight: 1, arbitrary: name }),
  meter: fc.constantFrom("gb", "gb", "seats", "none", ""),
  quantity: fc.oneof(fc.constant("1"), quantity),
  at: fc.oneof(fc.constant("2026-11-29T10:15:00Z"), at),
  tags: fc.oneof(fc.constant("null"), tags),
});
