/** Evaluation of IAM policy documents for one action on resource "*", the only one these actions know. Rule N3. */
import type { PolicyCondition, PolicyDocument, PolicyStatement } from "../domain/catalogue/account.ts";
import { matchesWildcard } from "../domain/wildcard.ts";
import { readCondition, type ConditionTest, type ReadCondition, type RequestContext } from "./policy-conditions.ts";

/** A statement of a policy, by its place from 1, and its Sid where it has one. */
export interface StatementName {
  readonly place: number;
  readonly sid: string | undefined;
}

export type PolicyDecision =
  /** By the first statement that allows it; undefined where there is no policy. */
  | { readonly verdict: "allowed"; readonly statement?: StatementName }
  | { readonly verdict: "denied"; readonly statement: StatementName; readonly tests: readonly ConditionTest[] }
  /** `nearest`: the first statement that would allow it, but for a condition that does not hold. */
  | { readonly verdict: "not-allowed"; readonly nearest?: Unmet };

interface Unmet {
  readonly statement: StatementName;
  /** Undefined where the condition cannot be read. */
  readonly test: ConditionTest | undefined;
}

/** Without a policy a user may do everything; with one, what it allows and does not deny. */
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
      // A condition that cannot be read here, of a later version, must not give more than was meant.
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

/** Whether its Action and Resource say so; its Condition is another matter. */
function isAbout(statement: PolicyStatement, action: string): boolean {
  const { Action, NotAction, Resource, NotResource } = statement;
  if (!isNamed(Resource, NotResource, (pattern) => /^\*+$/.test(pattern))) return false;
  return isNamed(Action, NotAction, (pattern) => matches(pattern, action));
}

/** By an element that lists what is meant, or by its opposite that lists what is not. */
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

/** Read once for each condition that the catalogue holds. */
function conditionOf({ Condition }: PolicyStatement): ReadCondition {
  if (Condition === undefined) return NO_CONDITION;
  let read = conditions.get(Condition);
  if (read === undefined) {
    read = readCondition(Condition);
    conditions.set(Condition, read);
  }
  return read;
}

/** `*` stands for any text, `?` for one character; case does not count. */
function matches(pattern: string, action: string): boolean {
  return matchesWildcard(pattern.toLowerCase(), action.toLowerCase());
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
