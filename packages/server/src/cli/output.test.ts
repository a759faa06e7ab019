import * as fc from "fast-check";
import { expect, test } from "vitest";
import { jsonText, printable, printableLines } from "./output.ts";

test("a stranger's text does nothing to the terminal of who reads it", () => {
  expect(printable("\u001b]0;title\u0007\u001b[2Jforged\n\u202eline")).toBe(
    "\\u001b]0;title\\u0007\\u001b[2Jforged\\u000a\\u202eline",
  );
  expect(printable("Größe – 大きさ 🦉")).toBe("Größe – 大きさ 🦉");
});

/** C0 except line breaks, DEL, C1, characters that change the direction of text, and other line ends. */
const ACTED_ON = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--\n]/v;
const hostile = fc.string({
  unit: fc.constantFrom(...Array.from('\u0000\u001b\u007f\u0085\u009b\u061c\u200e\u202e\u2066\u2028\r\n"\\aé🦉\ud800')),
});

test("printed JSON is the same value, and holds nothing that a terminal acts on", () => {
  fc.assert(
    fc.property(
      fc.dictionary(hostile, fc.oneof(hostile, fc.array(hostile))),
      fc.constantFrom(0, 2),
      (value, indent) => {
        const text = jsonText(value, indent);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(text).not.toMatch(ACTED_ON);
        // Line breaks come from the format only, never from the values.
        expect(text.split("\n")).toHaveLength(JSON.stringify(value, undefined, indent).split("\n").length);
      },
    ),
  );
});

test("printed lines are as many as they were, and hold nothing that a terminal acts on", () => {
  fc.assert(
    fc.property(hostile, (text) => {
      expect(printableLines(text)).not.toMatch(ACTED_ON);
      expect(printableLines(text).split("\n")).toHaveLength(text.split("\n").length);
    }),
  );
});
