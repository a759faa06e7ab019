import type { EpochMs, StsErrorName } from "@countinghouse/protocol";
import { decideAssumeRole, type AssumeRoleDecision, type AssumeRoleRequest } from "../domain/decide/assume-role.ts";
import type { Asked, Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { putResource } from "../ledger/resource-facts.ts";
import { refused, type Answer } from "./operation.ts";

/** Credentials that are given out once the ledger says who got them. */
interface IssuedCredentials {
  readonly accessKeyId: string;
  readonly assumedRoleArn: string;
  readonly expiresAtMs: EpochMs;
}

interface AssumeRole {
  readonly request: AssumeRoleRequest;
  readonly asked: Asked;
  readonly issued: IssuedCredentials;
}

interface AssumedRole {
  readonly audience: string;
}

type AssumeRoleAnswer = Answer<AssumedRole, StsErrorName>;

/** What would come of it as things stand: what strangers are refused need not be kept, one by one. */
export async function foreseeAssumeRole(
  ledger: Ledger,
  request: AssumeRoleRequest,
  nowMs: EpochMs,
): Promise<AssumeRoleDecision> {
  const [resource] = await ledger.findResources([request.resourceId]);
  return decideAssumeRole(request, { catalogue: ledger.catalogue, nowMs, resource });
}

/** AssumeRoleWithWebIdentity: the event, and the pod where it was not known, or nothing of it. */
export function assumeRole(
  ledger: Ledger,
  call: Call,
  { request, asked, issued }: AssumeRole,
): Promise<AssumeRoleAnswer> {
  const { identity, resourceId } = request;
  return ledger.transact<AssumeRoleAnswer>({
    call,
    keys: [],
    resources: [resourceId],
    decide: ({ catalogue, nowMs, resources: [known] }): Decision<AssumeRoleAnswer> => {
      const decision = decideAssumeRole(request, { catalogue, nowMs, resource: known });
      if (decision.rejected !== undefined) return refused<AssumedRole, StsErrorName>(decision.rejected, asked);
      const { audience, resource } = decision;
      return {
        event: {
          kind: "credentials-issued",
          request: asked,
          resourceId,
          ...issued,
          subject: identity.subject,
          audience,
        },
        resources: resource && [putResource(resource)],
        answer: { output: { audience } },
      };
    },
  });
}
