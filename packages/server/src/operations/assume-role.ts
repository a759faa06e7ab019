import type { EpochMs, StsErrorName } from "@countinghouse/protocol";
import { decideAssumeRole, type AssumeRoleDecision, type AssumeRoleRequest } from "../domain/decide/assume-role.ts";
import type { Asked, Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { putResource } from "../ledger/resource-facts.ts";
import { refused, type Answer } from "./operation.ts";

/** Credentials that are given out when the ledger has kept who got them. */
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

/** The decision as things stand now, which is not kept: refusals of strangers need not be kept one by one. */
export async function foreseeAssumeRole(
  ledger: Ledger,
  request: AssumeRoleRequest,
  nowMs: EpochMs,
): Promise<AssumeRoleDecision> {
  const [resource] = await ledger.findResources([request.resourceId]);
  return decideAssumeRole(request, { catalogue: ledger.catalogue, nowMs, resource });
}

/** AssumeRoleWithWebIdentity: keeps the event, and the pod where something of it is new. */
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
