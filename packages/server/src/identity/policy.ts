/** Evaluation of IAM policy documents for one action on resource "*", the only one these actions know. Rule N3. */
import type { PolicyDocument, PolicyStatement } from "../domain/account.ts";
import { matchesWildcard } from "../domain/wildcard.ts";

export type PolicyVerdict = "allowed" | "not-allowed" | "denied";

/** Without a policy a user may do everything; with one, what it allows and does not deny. */
export function evaluatePolicy(policy: PolicyDocument | undefined, action: string): PolicyVerdict {
  if (policy === undefined) return "allowed";
  let verdict: PolicyVerdict = "not-allowed";
  for (const statement of listOf(policy.Statement)) {
    if (!applies(statement, action)) continue;
    if (statement.Effect === "Deny") return "denied";
    verdict = "allowed";
  }
  return verdict;
}

function applies(statement: PolicyStatement, action: string): boolean {
  if (!listOf(statement.Resource).some((resource) => /^\*+$/.test(resource))) return false;
  if (statement.Action !== undefined) return listOf(statement.Action).some((pattern) => matches(pattern, action));
  return statement.NotAction !== undefined && !listOf(statement.NotAction).some((pattern) => matches(pattern, action));
}

/** `*` stands for any text, `?` for one character; case does not count. */
function matches(pattern: string, action: string): boolean {
  return matchesWildcard(pattern.toLowerCase(), action.toLowerCase());
}

function listOf<T>(value: T | readonly T[]): readonly T[] {
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}
