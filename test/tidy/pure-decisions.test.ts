/** Decisions are pure: time comes in as an argument, and nothing is awaited, drawn by lot or written. */
import { expect, test } from "vitest";
import { codeOf, filesIn, isTestCode } from "./sources.ts";

const IMPURE: readonly (readonly [string, RegExp])[] = [
  ["async", /\basync\b/],
  ["await", /\bawait\b/],
  ["Promise", /\bPromise\b/],
  ["Date.now", /\bDate\.now\b/],
  ["new Date() of now", /\bnew Date\(\s*\)/],
  ["Date() of now", /(?<!new )\bDate\(/],
  ["performance", /\bperformance\b/],
  ["Math.random", /\bMath\.random\b/],
  ["crypto", /\bcrypto\b/],
  ["process", /\bprocess\b/],
  ["globalThis", /\bglobalThis\b/],
  ["timers", /\b(set(Timeout|Interval|Immediate)|queueMicrotask|nextTick)\b/],
  ["console", /\bconsole\b/],
  ["fetch", /\bfetch\(/],
];

const pure = ["packages/server/src/domain", "packages/outbox/src/domain", "packages/protocol/src"]
  .flatMap((folder) => filesIn(folder, /\.ts$/))
  .filter((file) => !isTestCode(file));

test.each(IMPURE)("neither domain nor protocol knows %s", (_name, expression) => {
  expect(pure.length).toBeGreaterThan(20);
  expect(pure.filter((file) => expression.test(codeOf(file)))).toEqual([]);
});
