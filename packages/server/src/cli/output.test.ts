import { expect, test } from "vitest";
import { printable } from "./output.ts";

test("a stranger's text does nothing to the terminal of who reads it", () => {
  expect(printable("\u001b]0;title\u0007\u001b[2Jforged\n\u202eline")).toBe(
    "\\u001b]0;title\\u0007\\u001b[2Jforged\\u000a\\u202eline",
  );
  expect(printable("Größe – 大きさ 🦉")).toBe("Größe – 大きさ 🦉");
});
