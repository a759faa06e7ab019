/** Who made a call, as CloudTrail writes it. */
import { isoSecond } from "@countinghouse/protocol";
import { hash } from "node:crypto";
import type { Call } from "../ledger/entry.ts";
import { READ_TRAIL } from "./audited-operations.ts";

export interface UserIdentity {
  /** CloudTrail's `IAMUser`, `AssumedRole`, `WebIdentityUser` and `Unknown`; our own `Operator`, `Reader` and `BuyPage`. */
  readonly type: "IAMUser" | "AssumedRole" | "WebIdentityUser" | "Unknown" | "Operator" | "Reader" | "BuyPage";
  readonly principalId: string;
  readonly arn?: string;
  readonly accountId?: string;
  readonly accessKeyId?: string;
  readonly userName?: string;
  readonly identityProvider?: string;
  readonly sessionContext?: SessionContext;
}

interface SessionContext {
  readonly sessionIssuer: SessionIssuer;
  /** Empty where the session has no web identity. */
  readonly webIdFederationData: WebIdFederationData | Readonly<Record<string, never>>;
  readonly attributes: {
    /** Both are texts, as CloudTrail writes them. This server has no second factor. */
    readonly mfaAuthenticated: "false";
    /** In whole seconds; absent for sessions that an earlier version issued. */
    readonly creationDate?: string;
  };
  /** Present for an EC2 instance's own credentials. */
  readonly ec2RoleDelivery?: "1.0";
}

interface WebIdFederationData {
  readonly federatedProvider: string;
  readonly attributes: Readonly<Record<string, never>>;
}

interface SessionIssuer {
  readonly type: "Role";
  readonly principalId: string;
  readonly arn: string;
  readonly accountId: string;
  readonly userName: string;
}

/** The name is all of the rest: users have no paths here, and a name may hold a slash. */
const USER_ARN = /^arn:[^:]+:iam::(\d{12}):user\/(.+)$/s;
const SESSION_ARN = /^arn:([^:]+):sts::(\d{12}):assumed-role\/([^/]+)\/([^/]+)$/;

export function userIdentityOf({
  principal,
  accountId,
  accessKeyId,
  session: source,
  operation,
}: Pick<Call, "principal" | "accountId" | "accessKeyId" | "session"> & { readonly operation?: string }): UserIdentity {
  const whose = {
    ...(accountId === undefined ? {} : { accountId }),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
  };
  if (principal === "operator") return { type: "Operator", principalId: principal, ...whose };
  if (principal === "buy-page") return { type: "BuyPage", principalId: principal, ...whose };
  if (operation === READ_TRAIL) return { type: "Reader", principalId: principal, userName: principal };
  const user = USER_ARN.exec(principal);
  if (user !== null) {
    const [, , userName = ""] = user;
    return { type: "IAMUser", principalId: uniqueId("AIDA", principal), arn: principal, ...whose, userName };
  }
  const webIdentity = webIdentityOf(principal, source?.federatedProvider);
  if (webIdentity !== undefined) return { ...webIdentity, ...whose };
  const session = SESSION_ARN.exec(principal);
  if (session === null) return { type: "Unknown", principalId: principal, ...whose };
  const [, partition, ofAccount = "", userName = "", sessionName] = session;
  const arn = `arn:${partition}:iam::${ofAccount}:role/${userName}`;
  const principalId = uniqueId("AROA", arn);
  return {
    type: "AssumedRole",
    principalId: `${principalId}:${sessionName}`,
    arn: principal,
    ...whose,
    sessionContext: {
      sessionIssuer: { type: "Role", principalId, arn, accountId: ofAccount, userName },
      ...sessionFacts(source),
    },
  };
}

function sessionFacts(session: Call["session"]): Omit<SessionContext, "sessionIssuer"> {
  const { platform, federatedProvider, createdAtMs } = session ?? {};
  return {
    webIdFederationData: federatedProvider === undefined ? {} : { federatedProvider, attributes: {} },
    attributes: {
      mfaAuthenticated: "false",
      ...(createdAtMs === undefined ? {} : { creationDate: isoSecond(createdAtMs) }),
    },
    ...(platform === "ec2" ? { ec2RoleDelivery: "1.0" } : {}),
  };
}

/** A caller with a web identity token: its issuer's ARN, the audience and the subject, joined as CloudTrail does. */
function webIdentityOf(principal: string, provider: string | undefined): UserIdentity | undefined {
  if (provider === undefined || !principal.startsWith(`${provider}:`)) return undefined;
  // The audience and the subject may hold colons. Such callers are Kubernetes service accounts.
  const userName = /:(system:serviceaccount:[^:]+:[^:]+)$/.exec(principal)?.[1] ?? principal.slice(provider.length + 1);
  return { type: "WebIdentityUser", principalId: principal, userName, identityProvider: provider };
}

/** STS's name for the user of a session: the role's id and the session's name. */
export function assumedRoleId(arn: string): string {
  return userIdentityOf({ principal: arn }).principalId;
}

/** The username in LookupEvents; for a role it is the session's name, as in CloudTrail. */
export function usernameOf({ userName, principalId, type }: UserIdentity): string | undefined {
  return type === "AssumedRole" ? principalId.slice(principalId.indexOf(":") + 1) : userName;
}

const BASE_32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/** In the form of IAM's unique ids, and always the same for one ARN. Computed, because users have no id of their own. */
function uniqueId(prefix: string, arn: string): string {
  const bytes = [...hash("sha256", arn, "buffer").subarray(0, 17)];
  return prefix + bytes.map((byte) => BASE_32.charAt(byte % 32)).join("");
}
