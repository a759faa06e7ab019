/** Who signed a request, and whether they may do what it asks. */
import { iso, type ConditionKey, type EpochMs } from "@countinghouse/protocol";
import type { PolicyDocument } from "../domain/catalogue/account.ts";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import { rejection, type Rejection } from "../domain/rejection.ts";
import { readIpAddress } from "../domain/ip-network.ts";
import { evaluatePolicy, type PolicyDecision, type StatementName } from "./policy.ts";
import type { RequestContext } from "./policy-conditions.ts";

export interface Caller {
  readonly accountId: string;
  readonly arn: string;
  /** The caller in policies: the user's ARN, or the ARN of the session's role. */
  readonly principalArn: string;
  readonly accessKeyId: string;
  /** The region in the credential scope: for this request, the endpoint's region. */
  readonly region: string;
  readonly policy: PolicyDocument | undefined;
  /** Present for session credentials. */
  readonly session?: ResourceSession | undefined;
}

/** What policies can ask of a request, besides its signer. */
interface RequestFacts {
  /** The address that the request came from; a text that is no address is left out. */
  readonly sourceAddress: string;
  /** Whether it came over TLS. */
  readonly isSecure: boolean;
  /** By the wall clock. */
  readonly atMs: EpochMs;
}

/** Answers undefined where the caller's policy permits the IAM action; otherwise the refusal. Rule N3. */
export function authorize(caller: Caller, action: string, facts: RequestFacts): Rejection | undefined {
  if (caller.policy === undefined) return undefined;
  const { context, decision } = policyDecision(caller, action, facts);
  const { verdict } = decision;
  if (verdict === "allowed") return undefined;
  const user = `User: ${caller.arn} is not authorized to perform: ${action}`;
  const compared = { action, verdict };
  if (verdict === "denied") {
    const keys = decision.tests.map(({ key }) => key);
    return rejection("AccessDeniedException", "N3", `${user} with an explicit deny in an identity-based policy`, {
      ...compared,
      ...statementFigures(decision.statement),
      ...contextFigures(context, keys),
    });
  }
  const message = `${user} because no identity-based policy allows the ${action} action`;
  if (decision.nearest === undefined) return rejection("AccessDeniedException", "N3", message, compared);
  const { statement, test } = decision.nearest;
  return rejection("AccessDeniedException", "N3", message, {
    ...compared,
    ...statementFigures(statement),
    ...(test === undefined ? {} : { unmet: `${test.operator} ${test.key}`, ...contextFigures(context, [test.key]) }),
  });
}

/** Decides by a caller's policy whether an action is allowed, given the request's values for the keys of conditions. */
export function policyDecision(
  caller: Pick<Caller, "principalArn" | "region" | "policy">,
  action: string,
  facts: RequestFacts,
): { readonly context: RequestContext; readonly decision: PolicyDecision } {
  const context = contextOf(caller, facts);
  return { context, decision: evaluatePolicy(caller.policy, action, context) };
}

function contextOf(
  { principalArn, region }: Pick<Caller, "principalArn" | "region">,
  { sourceAddress, isSecure, atMs }: RequestFacts,
): RequestContext {
  return {
    "aws:CurrentTime": iso(atMs),
    "aws:PrincipalArn": principalArn,
    "aws:RequestedRegion": region,
    "aws:SecureTransport": String(isSecure),
    ...(readIpAddress(sourceAddress) === undefined ? {} : { "aws:SourceIp": sourceAddress }),
  };
}

const SID_CHARACTERS_MAX = 100;

function statementFigures({ place, sid }: StatementName): Readonly<Record<string, string | number>> {
  return { statement: place, ...(sid === undefined ? {} : { sid: sid.slice(0, SID_CHARACTERS_MAX) }) };
}

/** The request's values for these keys. */
function contextFigures(context: RequestContext, keys: readonly ConditionKey[]): Readonly<Record<string, string>> {
  return Object.fromEntries(keys.map((key) => [key, context[key] ?? "not there"]));
}
