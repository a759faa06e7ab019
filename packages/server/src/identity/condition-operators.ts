/**
 * The operators of IAM conditions: how each compares a value of the policy with a value of the request. Both are texts, as in
 * IAM's request context. Rule N3; source: IAM user guide, condition operators.
 */
import type { ConditionOperatorName, EpochMs } from "@countinghouse/protocol";
import { isWithin, readIpAddress, readIpNetwork } from "../domain/ip-network.ts";
import { matchesWildcard } from "../domain/wildcard.ts";
import { readPolicyTime } from "./policy-time.ts";

/** What kind of values an operator compares. */
export type ValueKind = "string" | "date" | "boolean" | "ip-address" | "arn";

/** Whether a value of the request matches the policy's value. */
export type Matcher = (fact: string) => boolean;

interface Comparison {
  readonly kind: ValueKind;
  /** True for operators such as StringNotEquals: they hold where no value matches. */
  readonly isNegated: boolean;
  /** Answers undefined for a value that is not of the operator's kind. */
  readonly matcherOf: (value: string) => Matcher | undefined;
}

export interface ConditionOperator {
  /** Undefined for Null, which asks whether the request has the key. */
  readonly comparison: Comparison | undefined;
  /** How several values of one key are combined. */
  readonly quantifier: "ForAllValues" | "ForAnyValue" | undefined;
  /** Holds where the request does not have the key. */
  readonly ifExists: boolean;
}

/** What a value must be, for complaints. */
export const EXPECTED_VALUES: Readonly<Record<ValueKind, string>> = {
  string: "a text",
  date: "a time such as 2027-01-01T00:00:00Z, or the seconds since 1970",
  boolean: "true or false",
  "ip-address": "an address or a network, such as 203.0.113.0/24 or 2001:db8::/32",
  arn: "an ARN, such as arn:aws:iam::111122223333:role/*",
};

type TimeOrder = (atMs: EpochMs, valueMs: EpochMs) => boolean;

const isSameTime: TimeOrder = (atMs, valueMs) => atMs === valueMs;
const TIME_ORDERS: readonly (readonly [ConditionOperatorName, TimeOrder])[] = [
  ["DateLessThan", (atMs, valueMs) => atMs < valueMs],
  ["DateLessThanEquals", (atMs, valueMs) => atMs <= valueMs],
  ["DateGreaterThan", (atMs, valueMs) => atMs > valueMs],
  ["DateGreaterThanEquals", (atMs, valueMs) => atMs >= valueMs],
];

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map<ConditionOperatorName, Comparison>([
  ...bothWays("StringEquals", "StringNotEquals", "string", (value) => (fact) => fact === value),
  ...bothWays("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "string", (value) => {
    const lower = value.toLowerCase();
    return (fact) => fact.toLowerCase() === lower;
  }),
  ...bothWays("StringLike", "StringNotLike", "string", (value) => (fact) => matchesWildcard(value, fact)),
  ...bothWays("DateEquals", "DateNotEquals", "date", dateMatcher(isSameTime)),
  ...TIME_ORDERS.map(([name, compare]) => oneWay(name, "date", dateMatcher(compare))),
  oneWay("Bool", "boolean", booleanMatcher),
  ...bothWays("IpAddress", "NotIpAddress", "ip-address", ipAddressMatcher),
  ...bothWays("ArnEquals", "ArnNotEquals", "arn", arnMatcher),
  ...bothWays("ArnLike", "ArnNotLike", "arn", arnMatcher),
]);

const NULL_OPERATOR: ConditionOperator = { comparison: undefined, quantifier: undefined, ifExists: false };

/** The operator of this name; undefined where there is none. */
export function conditionOperator(name: string): ConditionOperator | undefined {
  if (name === "Null") return NULL_OPERATOR;
  const [, quantifier, base = "", ifExists] =
    /^(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?$/.exec(name) ?? [];
  const comparison = COMPARISONS.get(base);
  if (comparison === undefined) return undefined;
  return {
    comparison,
    quantifier: quantifier as ConditionOperator["quantifier"],
    ifExists: ifExists !== undefined,
  };
}

/** Whether a text is one of the two that IAM takes for a boolean. */
export function isBoolean(text: string): boolean {
  return text === "true" || text === "false";
}

function oneWay(
  name: ConditionOperatorName,
  kind: ValueKind,
  matcherOf: Comparison["matcherOf"],
): [ConditionOperatorName, Comparison] {
  return [name, { kind, isNegated: false, matcherOf }];
}

function bothWays(
  name: ConditionOperatorName,
  negatedName: ConditionOperatorName,
  kind: ValueKind,
  matcherOf: Comparison["matcherOf"],
): [ConditionOperatorName, Comparison][] {
  return [oneWay(name, kind, matcherOf), [negatedName, { kind, isNegated: true, matcherOf }]];
}

function dateMatcher(compare: TimeOrder): Comparison["matcherOf"] {
  return (value) => {
    const valueMs = readPolicyTime(value);
    if (valueMs === undefined) return undefined;
    return (fact) => {
      const atMs = readPolicyTime(fact);
      return atMs !== undefined && compare(atMs, valueMs);
    };
  };
}

function booleanMatcher(value: string): Matcher | undefined {
  return isBoolean(value) ? (fact) => fact === value : undefined;
}

function ipAddressMatcher(value: string): Matcher | undefined {
  const network = readIpNetwork(value);
  if (network === undefined) return undefined;
  return (fact) => {
    const address = readIpAddress(fact);
    return address !== undefined && isWithin(address, network);
  };
}

const ARN_PARTS = 6;

/** Each of the six parts is matched by itself, so that a wildcard does not match beyond a colon. Source: ibid. */
function arnMatcher(value: string): Matcher | undefined {
  const patterns = arnParts(value);
  if (patterns === undefined) return undefined;
  return (fact) => {
    const parts = arnParts(fact);
    return parts !== undefined && patterns.every((pattern, i) => matchesWildcard(pattern, parts[i] ?? ""));
  };
}

/** The last part may hold colons itself. */
function arnParts(arn: string): string[] | undefined {
  const parts = arn.split(":");
  if (parts.length < ARN_PARTS) return undefined;
  return [...parts.slice(0, ARN_PARTS - 1), parts.slice(ARN_PARTS - 1).join(":")];
}
