import { usageRecordShape } from "@countinghouse/protocol";
import { expect, test } from "vitest";
import { readTags } from "./tags.ts";

/** As the service model has it. */
function modelPattern(): RegExp {
  const text = JSON.stringify(usageRecordShape);
  const [, pattern = ""] = /"name":"Tag".*?"pattern":("(?:\\.|[^"])*")/.exec(text) ?? [];
  return new RegExp(JSON.parse(pattern) as string);
}

test("takes the characters that AWS takes, and no others", () => {
  const pattern = modelPattern();
  for (let code = 0; code < 0x250; code += 1) {
    const character = String.fromCharCode(code);
    const key = `k${character}`;
    expect([code, typeof readTags(JSON.stringify({ [key]: "v" })) === "string"]).toEqual([code, pattern.test(key)]);
  }
});
