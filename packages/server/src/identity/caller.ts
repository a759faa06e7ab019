/** Who signed a request, and whether they may do what it asks. */
import type { PolicyDocument } from "../domain/account.ts";
import type { ResourceSession } from "../domain/metered-resource.ts";
import { rejection, type Rejection } from "../domain/rejection.ts";
import { evaluatePolicy } from "./policy.ts";

export interface Caller {
  readonly accountId: string;
  readonly arn: string;
  readonly accessKeyId: string;
  /** The region of the credential scope: the endpoint's region, for this request. */
  readonly region: string;
  readonly policy: PolicyDocument | undefined;
  /** Present where the credentials are temporary. */
  readonly session?: ResourceSession | undefined;
}

/** Whether the caller may do what the IAM action stands for. Rule N3. */
export function authorize(caller: Caller, action: string): Rejection | undefined {
  const verdict = evaluatePolicy(caller.policy, action);
  if (verdict === "allowed") return undefined;
  const why =
    verdict === "denied"
      ? "with an explicit deny in an identity-based policy"
      : `because no identity-based policy allows the ${action} action`;
  const message = `User: ${caller.arn} is not authorized to perform: ${action} ${why}`;
  return rejection("AccessDeniedException", "N3", message, { action, verdict });
}
