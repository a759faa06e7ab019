/** Evaluates IAM policy documents for one action on resource "*", the only resource that these actions have. Rule N3. */
import type { PolicyCondition, PolicyDocument, PolicyStatement } from "../domain/catalogue/account.ts";
import { matchesWildcard } from "../domain/wildcard.ts";
import { readCondition, type ConditionTest, type ReadCondition, type RequestContext } from "./policy-conditions.ts";

/** A statement of a policy: its place, from 1, and its Sid where it has one. */
export interface StatementName {
  readonly place: number;
  readonly sid: string | undefined;
}

export type PolicyDecision =
  /** `statement` is the first one that allows it; undefined where there is no policy. */
  | { readonly verdict: "allowed"; readonly statement?: StatementName }
  | { readonly verdict: "denied"; readonly statement: StatementName; readonly tests: readonly ConditionTest[] }
  /** `nearest`: the first statement that would allow the action if its condition held. */
  | { readonly verdict: "not-allowed"; readonly nearest?: Unmet };

interface Unmet {
  readonly statement: StatementName;
  /** Undefined where the condition cannot be read. */
  readonly test: ConditionTest | undefined;
}

/** A user without a policy may do everything; otherwise, what the policy allows and does not deny. */
export function evaluatePolicy(
  policy: PolicyDocument | undefined,
  action: string,
  context: RequestContext,
): PolicyDecision {
  if (policy === undefined) return { verdict: "allowed" };
  let allowedBy: StatementName | undefined;
  let nearest: Unmet | undefined;
  for (const [i, statement] of listOf(policy.Statement).entries()) {
    if (!isAbout(statement, action)) continue;
    const name = { place: i + 1, sid: statement.Sid };
    const { tests, problems } = conditionOf(statement);
    const failed = tests.find(({ key, holds }) => !holds(context[key]));
    if (statement.Effect === "Deny") {
      // A condition that this version cannot read must not permit more than was meant.
      if (problems.length > 0 || failed === undefined) return { verdict: "denied", statement: name, tests };
    } else if (problems.length > 0 || failed !== undefined) {
      nearest ??= { statement: name, test: failed };
    } else {
      allowedBy ??= name;
    }
  }
  if (allowedBy !== undefined) return { verdict: "allowed", statement: allowedBy };
  return { verdict: "not-allowed", ...(nearest === undefined ? {} : { nearest }) };
}

/** Whether the statement's Action and Resource match; its Condition is checked elsewhere. */
function isAbout(statement: PolicyStatement, action: string): boolean {
  const { Action, NotAction, Resource, NotResource } = statement;
  if (!isNamed(Resource, NotResource, (pattern) => /^\*+$/.test(pattern))) return false;
  return isNamed(Action, NotAction, (pattern) => matches(pattern, action));
}

/** Matches by an element that lists what is meant, or by its opposite, which lists what is not meant. */
function isNamed(
  element: string | readonly string[] | undefined,
  opposite: string | readonly string[] | undefined,
  fits: (pattern: string) => boolean,
): boolean {
  if (element !== undefined) return listOf(element).some(fits);
  return opposite !== undefined && !listOf(opposite).some(fits);
}

const NO_CONDITION: ReadCondition = { tests: [], problems: [] };
const conditions = new WeakMap<PolicyCondition, ReadCondition>();

/** Each condition of the catalogue is read once. */
function conditionOf({ Condition }: PolicyStatement): ReadCondition {
  if (Condition === undefined) return NO_CONDITION;
  let read = conditions.get(Condition);
  if (read === undefined) {
    read = readCondition(Condition);
    conditions.set(Condition, read);
  }
  return read;
}

/** `*` stands for any text, `?` for one character; upper and lower case are equal. */
function matches(pattern: string, action: string): boolean {
  return matchesWildcard(pattern.toLowerCase(), action.toLowerCase());
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
