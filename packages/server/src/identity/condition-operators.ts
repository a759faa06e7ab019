/**
 * The operators of IAM conditions: what each holds a value of the policy and a value of the request against. Both are
 * texts, as in IAM's request context. Rule N3; source: IAM user guide, condition operators.
 */
import { isWithin, readIpAddress, readIpNetwork } from "../domain/ip-network.ts";
import { matchesWildcard } from "../domain/wildcard.ts";
import { readPolicyTime } from "./policy-time.ts";

/** What kind of values an operator compares. */
export type ValueKind = "string" | "date" | "boolean" | "ip-address" | "arn";

/** Whether a value of the request is what the policy says. */
export type Matcher = (fact: string) => boolean;

export interface Comparison {
  readonly kind: ValueKind;
  /** True for operators such as StringNotEquals: they hold where no value matches. */
  readonly isNegated: boolean;
  /** Undefined for a value that is not of the operator's kind. */
  readonly matcherOf: (value: string) => Matcher | undefined;
}

export interface ConditionOperator {
  /** Undefined for Null, which asks whether the request has the key. */
  readonly comparison: Comparison | undefined;
  /** How the values of a key that can have several are taken together. */
  readonly quantifier: "ForAllValues" | "ForAnyValue" | undefined;
  /** Holds where the request does not have the key. */
  readonly ifExists: boolean;
}

/** What a value has to be, for complaints. */
export const EXPECTED_VALUES: Readonly<Record<ValueKind, string>> = {
  string: "a text",
  date: "a time such as 2027-01-01T00:00:00Z, or the seconds since 1970",
  boolean: "true or false",
  "ip-address": "an address or a network, such as 203.0.113.0/24 or 2001:db8::/32",
  arn: "an ARN, such as arn:aws:iam::111122223333:role/*",
};

const COMPARISONS: ReadonlyMap<string, Comparison> = new Map<string, Comparison>([
  ...bothWays("StringEquals", "StringNotEquals", "string", (value) => (fact) => fact === value),
  ...bothWays("StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase", "string", (value) => {
    const lower = value.toLowerCase();
    return (fact) => fact.toLowerCase() === lower;
  }),
  ...bothWays("StringLike", "StringNotLike", "string", (value) => (fact) => matchesWildcard(value, fact)),
  ...bothWays(
    "DateEquals",
    "DateNotEquals",
    "date",
    dateMatcher((atMs, valueMs) => atMs === valueMs),
  ),
  oneWay(
    "DateLessThan",
    "date",
    dateMatcher((atMs, valueMs) => atMs < valueMs),
  ),
  oneWay(
    "DateLessThanEquals",
    "date",
    dateMatcher((atMs, valueMs) => atMs <= valueMs),
  ),
  oneWay(
    "DateGreaterThan",
    "date",
    dateMatcher((atMs, valueMs) => atMs > valueMs),
  ),
  oneWay(
    "DateGreaterThanEquals",
    "date",
    dateMatcher((atMs, valueMs) => atMs >= valueMs),
  ),
  oneWay("Bool", "boolean", booleanMatcher),
  ...bothWays("IpAddress", "NotIpAddress", "ip-address", ipAddressMatcher),
  ...bothWays("ArnEquals", "ArnNotEquals", "arn", arnMatcher),
  ...bothWays("ArnLike", "ArnNotLike", "arn", arnMatcher),
]);

/** As a regular expression, for schemas. */
export const OPERATOR_PATTERN = `^(Null|(ForAllValues:|ForAnyValue:)?(${[...COMPARISONS.keys()].join("|")})(IfExists)?)$`;

const NULL_OPERATOR: ConditionOperator = { comparison: undefined, quantifier: undefined, ifExists: false };

/** The operator of that name; undefined where there is none. */
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

/** The value of Null: whether the key is to be missing. */
export function readBoolean(value: string): boolean | undefined {
  return value === "true" ? true : value === "false" ? false : undefined;
}

function oneWay(name: string, kind: ValueKind, matcherOf: Comparison["matcherOf"]): [string, Comparison] {
  return [name, { kind, isNegated: false, matcherOf }];
}

function bothWays(
  name: string,
  negatedName: string,
  kind: ValueKind,
  matcherOf: Comparison["matcherOf"],
): [string, Comparison][] {
  return [oneWay(name, kind, matcherOf), [negatedName, { kind, isNegated: true, matcherOf }]];
}

function dateMatcher(compare: (atMs: number, valueMs: number) => boolean): Comparison["matcherOf"] {
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
  return readBoolean(value) === undefined ? undefined : (fact) => fact === value;
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

/** Each of the six parts is matched by itself, so that a wildcard does not reach over a colon. Source: ibid. */
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
