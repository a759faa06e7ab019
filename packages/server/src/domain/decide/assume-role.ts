/** Decides AssumeRoleWithWebIdentity: whether the role trusts the identity, and what the token tells of its pod. Rules C4, C5. */
import type { EpochMs, StsErrorName } from "@countinghouse/protocol";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import { regionOf } from "../catalogue/issuer.ts";
import type { MeteredResource } from "../resources/metered-resource.ts";
import { isNewSign, observed } from "../resources/observation.ts";
import { rejection, type Rejection } from "../rejection.ts";
import { trustedAudience, type WebIdentity } from "../web-identity.ts";

export interface AssumeRoleRequest {
  readonly accountId: string;
  readonly roleName: string;
  /** Computed from the pod's uid. */
  readonly resourceId: string;
  readonly identity: WebIdentity;
}

export type AssumeRoleDecision =
  | { readonly rejected: Rejection<StsErrorName>; readonly audience?: undefined }
  | {
      readonly rejected?: undefined;
      readonly audience: string;
      /** The pod's new state, where the token told something new. */
      readonly resource?: MeteredResource | undefined;
    };

interface AssumeRoleFacts {
  readonly catalogue: CatalogueView;
  readonly nowMs: EpochMs;
  /** The pod as it was known before. */
  readonly resource: MeteredResource | undefined;
}

export function decideAssumeRole(
  { accountId, roleName, resourceId, identity }: AssumeRoleRequest,
  { catalogue, nowMs, resource: known }: AssumeRoleFacts,
): AssumeRoleDecision {
  const role = catalogue.account(accountId)?.roles.find(({ name }) => name === roleName);
  const compared = {
    issuer: identity.issuer.issuer,
    audience: identity.audiences.join(", "),
    subject: identity.subject,
  };
  const audience = role && trustedAudience(role, identity);
  if (audience === undefined) return { rejected: notAuthorized("C4", compared) };
  if (known !== undefined && known.accountId !== accountId) {
    return { rejected: notAuthorized("C5", { accountId, podOfAccountId: known.accountId }) };
  }
  const resource = seenPod(known, { accountId, roleName, resourceId, identity }, nowMs);
  return resource === known ? { audience } : { audience, resource };
}

/** The pod as it is known after it has shown its token. */
function seenPod(
  known: MeteredResource | undefined,
  { accountId, roleName, resourceId, identity }: AssumeRoleRequest,
  nowMs: EpochMs,
): MeteredResource {
  const isNews = known === undefined || known.roleName === undefined || isNewSign(known, nowMs);
  if (!isNews) return known;
  return observed(known, {
    source: "web-identity",
    resourceId,
    platform: "eks",
    externalId: identity.podUid,
    accountId,
    region: known?.region ?? regionOf(identity.issuer),
    roleName: known?.roleName ?? roleName,
    seenAtMs: nowMs,
  });
}

/** The text is the same for every reason, so that a stranger does not learn which roles exist. */
function notAuthorized(rule: "C4" | "C5", compared: Readonly<Record<string, string>>): Rejection<StsErrorName> {
  return rejection("AccessDenied", rule, "Not authorized to perform sts:AssumeRoleWithWebIdentity", compared);
}
