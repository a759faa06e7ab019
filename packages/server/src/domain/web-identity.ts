/** Web identities: what a verified token says of a pod, and which roles trust it. Rules C4 and C5. */
import type { Role } from "./account.ts";
import type { Issuer } from "./issuer.ts";

/** What a token says, once its signature and its times have been verified. */
export interface WebIdentity {
  readonly issuer: Issuer;
  readonly audiences: readonly string[];
  readonly subject: string;
  readonly podUid: string;
}

/** The audience by which the role trusts the identity; undefined where it does not. */
export function trustedAudience(
  { webIdentity = [] }: Role,
  { issuer, audiences, subject }: WebIdentity,
): string | undefined {
  return webIdentity.find(
    (trust) => trust.issuer === issuer.issuer && audiences.includes(trust.audience) && matches(trust.subject, subject),
  )?.audience;
}

/** IAM's StringLike: `*` stands for any text, `?` for one character, and case counts. */
function matches(pattern: string, text: string): boolean {
  // Where the last `*` stands, and how much of the text it has taken: a mismatch lets it take one more.
  let star = -1;
  let resume = 0;
  let at = 0;
  for (let i = 0; i < text.length;) {
    if (pattern[at] === "*") {
      star = at;
      resume = i;
      at += 1;
    } else if (at < pattern.length && (pattern[at] === "?" || pattern[at] === text[i])) {
      at += 1;
      i += 1;
    } else if (star !== -1) {
      resume += 1;
      i = resume;
      at = star + 1;
    } else {
      return false;
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
