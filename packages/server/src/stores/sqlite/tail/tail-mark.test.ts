import { existsSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { missingTail } from "./lost-tail.ts";
import { makeMark, readMark, TailMark } from "./tail-mark.ts";

function freshFile(): string {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  return join(folder.path, "ledger.mark");
}

const figure = fc.nat({ max: Number.MAX_SAFE_INTEGER });
const position = fc.record({ generation: figure, seq: figure });

test("a mark is read as it was put, in place; where there is none, it is made by the first", () => {
  const file = freshFile();
  expect(readMark(file)).toBeUndefined();
  const mark = new TailMark(file);
  mark.close();
  expect(existsSync(file), "nothing was put").toBe(false);
  fc.assert(
    fc.property(position, position, (first, second) => {
      const written = new TailMark(file);
      written.put(first);
      expect(readMark(file)).toEqual(first);
      written.put(second);
      expect(readMark(file)).toEqual(second);
      written.close();
      expect(statSync(file)).toMatchObject({ size: 68 });
    }),
    { numRuns: 50 },
  );
});

test("a mark that was damaged anywhere is not believed", () => {
  const file = freshFile();
  makeMark(file, { generation: 3, seq: 1_234 });
  const bytes = readFileSync(file);
  fc.assert(
    fc.property(fc.nat({ max: bytes.length * 8 - 1 }), (bit) => {
      const damaged = Buffer.from(bytes);
      damaged[bit >> 3] = (damaged[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      writeFileSync(file, damaged);
      expect(readMark(file)).toBe("unreadable");
    }),
    { numRuns: 100 },
  );
  writeFileSync(file, "");
  expect(readMark(file)).toBe("unreadable");
});

test("what is missing follows from mark and ledger alone: only where the ledger is behind its mark", () => {
  fc.assert(
    fc.property(
      fc.record({ generation: fc.nat({ max: 3 }), seq: fc.nat({ max: 5 }) }),
      fc.record({
        generation: fc.nat({ max: 3 }),
        seq: fc.nat({ max: 5 }),
        noted: fc.constantFrom("open" as const, "closed" as const, undefined),
      }),
      (mark, kept) => {
        const isBehind =
          kept.generation < mark.generation || (kept.generation === mark.generation && kept.seq < mark.seq);
        const missing = missingTail({ mark, lostCommits: undefined, needsNoLog: false }, kept);
        expect(missing === undefined).toBe(!isBehind);
      },
    ),
  );
});

/** What is found missing in a ledger without a mark. */
function found(noted: "open" | "closed" | undefined, needsNoLog: boolean): string | undefined {
  return missingTail({ mark: undefined, lostCommits: undefined, needsNoLog }, { generation: 1, seq: 7, noted });
}

test("a ledger without a mark is one of an earlier version, a backup, or was closed; else it was copied in part", () => {
  expect([found(undefined, false), found("closed", false), found("open", true)]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(found("open", false)).toContain("how much is missing cannot be known");
});
