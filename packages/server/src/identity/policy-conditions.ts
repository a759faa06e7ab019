/** The Condition of a policy's statement: read once, complaining of all that is unsupported, then evaluated. Rule N3. */
import { conditionKeys, type ConditionKey } from "@countinghouse/protocol";
import type { ConditionValue, PolicyCondition } from "../domain/catalogue/account.ts";
import {
  EXPECTED_VALUES,
  conditionOperator,
  isBoolean,
  type ConditionOperator,
  type Matcher,
  type ValueKind,
} from "./condition-operators.ts";

/** The condition keys, and the kinds of operators for each. Source: IAM user guide, global condition context keys. */
const KEYS = {
  "aws:CurrentTime": ["date"],
  "aws:PrincipalArn": ["arn", "string"],
  "aws:RequestedRegion": ["string"],
  "aws:SecureTransport": ["boolean"],
  "aws:SourceIp": ["ip-address"],
} as const satisfies Readonly<Record<ConditionKey, readonly ValueKind[]>>;

/** The request's value for each key; a key that the request does not have is left out. */
export type RequestContext = Readonly<Partial<Record<ConditionKey, string>>>;

/** One operator with one key. All tests of a statement must hold. */
export interface ConditionTest {
  readonly operator: string;
  readonly key: ConditionKey;
  readonly holds: (fact: string | undefined) => boolean;
}

/** What is wrong, and its place in the condition. */
interface ConditionProblem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export interface ReadCondition {
  readonly tests: readonly ConditionTest[];
  readonly problems: readonly ConditionProblem[];
}

export function readCondition(condition: PolicyCondition): ReadCondition {
  const tests: ConditionTest[] = [];
  const problems: ConditionProblem[] = [];
  for (const [name, byKey] of Object.entries(condition)) {
    const operator = conditionOperator(name);
    if (operator === undefined) {
      problems.push(unknownName(name, [], "operator", /^(\w{1,12}:)?[A-Za-z]{1,36}$/));
      continue;
    }
    if (Object.keys(byKey).length === 0) problems.push({ path: [name], message: "must name a condition key" });
    for (const [keyName, given] of Object.entries(byKey)) {
      const read = readTest({ name, operator }, keyName, given);
      if ("message" in read) problems.push(read);
      else tests.push(read);
    }
  }
  return { tests, problems };
}

function readTest(
  { name, operator }: { readonly name: string; readonly operator: ConditionOperator },
  keyName: string,
  given: PolicyCondition[string][string],
): ConditionTest | ConditionProblem {
  const key = conditionKeys.find((known) => known.toLowerCase() === keyName.toLowerCase());
  if (key === undefined) return unknownName(keyName, [name], "key", /^[\w-]{1,32}:[\w./-]{1,64}$/);
  const path = [name, keyName];
  const kind = operator.comparison?.kind ?? "boolean";
  if (operator.comparison !== undefined && !KEYS[key].some((fitting) => fitting === kind)) {
    return { path, message: `${name} is not for ${key}, which takes ${operatorsFor(key)} and Null` };
  }
  const values = isList(given) ? given : [given];
  if (values.length === 0) return { path, message: "must have a value" };
  const matchers: Matcher[] = [];
  for (const [i, value] of values.entries()) {
    const valuePath = isList(given) ? [...path, i] : path;
    const text = String(value);
    if (text.includes("${")) return { path: valuePath, message: "policy variables (${…}) are not supported here" };
    const matcher = (operator.comparison?.matcherOf ?? nullMatcher)(text);
    if (matcher === undefined) return { path: valuePath, message: `must be ${EXPECTED_VALUES[kind]}` };
    matchers.push(matcher);
  }
  return { operator: name, key, holds: (fact) => holds(operator, matchers, fact) };
}

/** Source: IAM user guide, conditions with multiple keys or values; single-valued and multivalued keys. */
function holds(
  { comparison, quantifier, ifExists }: ConditionOperator,
  matchers: Matcher[],
  fact: string | undefined,
): boolean {
  const isPresent = fact !== undefined;
  if (comparison === undefined) return matchers.some((matches) => matches(String(!isPresent)));
  if (isPresent) return matchers.some((matches) => matches(fact)) !== comparison.isNegated;
  if (ifExists) return true;
  // "All of no values" holds, and "any of no values" does not, whether the operator is negated or not.
  if (quantifier !== undefined) return quantifier === "ForAllValues";
  return comparison.isNegated;
}

/** For a request, the matcher gets whether the key is missing. */
function nullMatcher(value: string): Matcher | undefined {
  return isBoolean(value) ? (isMissing) => isMissing === value : undefined;
}

/** Quotes the name only where it looks like one: anything else may be a secret in the wrong place. */
function unknownName(
  name: string,
  path: readonly string[],
  what: "operator" | "key",
  looksRight: RegExp,
): ConditionProblem {
  const supported = what === "key" ? `; supported are ${conditionKeys.join(", ")}` : "";
  return looksRight.test(name)
    ? { path: [...path, name], message: `the condition ${what} ${name} is not supported here${supported}` }
    : { path, message: `a condition ${what} that is not supported here${supported}` };
}

const OPERATORS_OF: Readonly<Record<ValueKind, string>> = {
  string: "String operators",
  date: "Date operators",
  boolean: "Bool",
  "ip-address": "IpAddress, NotIpAddress",
  arn: "Arn operators",
};

function operatorsFor(key: ConditionKey): string {
  return KEYS[key].map((kind) => OPERATORS_OF[kind]).join(", ");
}

function isList(given: PolicyCondition[string][string]): given is readonly ConditionValue[] {
  return Array.isArray(given);
}
