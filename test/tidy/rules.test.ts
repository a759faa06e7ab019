/** Every rule of the rule book is shown by a test that names it. */
import { ruleBook, type RuleId } from "@countinghouse/protocol";
import { expect, test } from "vitest";
import { CODE, isTestCode, textOf } from "./sources.ts";

/** Rules that no test names, and why. */
const NOT_SHOWN: Partial<Record<RuleId, string>> = {};

const cited = new Set(
  CODE.filter((file) => (isTestCode(file) || file.startsWith("test/")) && file !== "test/tidy/rules.test.ts")
    .flatMap((file) => [...textOf(file).matchAll(/\bRules? ((?:[A-Z]\d(?:,? and |, )?)+)/g)])
    .flatMap(([, ids = ""]) => ids.match(/[A-Z]\d/g) ?? []),
);

test("every rule is named by a test, as `Rule W1`, but for those with a reason", () => {
  expect(Object.keys(ruleBook).filter((id) => !cited.has(id) && !(id in NOT_SHOWN))).toEqual([]);
});

test("no rule that has a reason not to be named is named all the same", () => {
  expect(Object.keys(NOT_SHOWN).filter((id) => cited.has(id))).toEqual([]);
});

test("no test names a rule that there is not", () => {
  expect([...cited].filter((id) => !(id in ruleBook))).toEqual([]);
});
