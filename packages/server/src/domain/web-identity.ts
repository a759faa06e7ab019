/** Web identities: what a verified token says of a pod, and which roles trust it. Rules C4 and C5. */
import type { Role } from "./catalogue/account.ts";
import type { Issuer } from "./catalogue/issuer.ts";
import { matchesWildcard } from "./wildcard.ts";

/** What a token says, after its signature and its times have been verified. */
export interface WebIdentity {
  readonly issuer: Issuer;
  readonly audiences: readonly string[];
  readonly subject: string;
  readonly podUid: string;
}

/** The audience for which the role trusts the identity; undefined where it does not. */
export function trustedAudience(
  { webIdentity = [] }: Role,
  { issuer, audiences, subject }: WebIdentity,
): string | undefined {
  return webIdentity.find(
    (trust) =>
      trust.issuer === issuer.issuer && audiences.includes(trust.audience) && matchesWildcard(trust.subject, subject),
  )?.audience;
}
