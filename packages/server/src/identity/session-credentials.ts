/**
 * Session credentials: an access key that is good for some hours, with a session token that carries all that is needed to
 * verify it, sealed. Nothing of them is kept: whoever has the secrets key can verify them, after a restart too. Rule C1.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import { newAccessKeyId, newSecretAccessKey } from "./access-keys.ts";
import type { Sealer } from "./seal.ts";

const PURPOSE = "session-credentials";
/** Far more than a session of the longest names and issuers needs; what is longer is not looked at. */
export const SESSION_TOKEN_CHARACTERS_MAX = 4_096;

/** For whom credentials are issued. */
export interface SessionGrant {
  readonly accountId: string;
  readonly roleName: string;
  readonly sessionName: string;
  readonly session: ResourceSession;
  /** Wall clock. */
  readonly expiresAtMs: EpochMs;
}

export interface SessionCredentials extends SessionGrant {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** What a token says of itself. */
type SessionClaims = Omit<SessionCredentials, "sessionToken">;

/** What is sealed. Positions instead of names: the token travels with every request. */
type Sealed = readonly [
  accessKeyId: string,
  secretAccessKey: string,
  accountId: string,
  roleName: string,
  sessionName: string,
  session: ResourceSession,
  expiresAtMs: EpochMs,
];

export function issueCredentials(
  sealer: Sealer,
  random: (bytes: number) => Buffer,
  grant: SessionGrant,
): SessionCredentials {
  const accessKeyId = newAccessKeyId(random, "ASIA");
  const secretAccessKey = newSecretAccessKey(random);
  const { accountId, roleName, sessionName, session, expiresAtMs } = grant;
  const claims: Sealed = [accessKeyId, secretAccessKey, accountId, roleName, sessionName, session, expiresAtMs];
  const sessionToken = sealer.seal(JSON.stringify(claims), PURPOSE).toString("base64");
  return { ...grant, accessKeyId, secretAccessKey, sessionToken };
}

/** What the token says, or undefined where it is not one of ours, letter by letter. */
export function openSessionToken(sealer: Sealer, token: string): SessionClaims | undefined {
  if (token.length > SESSION_TOKEN_CHARACTERS_MAX) return undefined;
  const sealed = Buffer.from(token, "base64");
  // Node's decoder forgives much (padding, the other alphabet, white space); a token is exact or it is altered.
  if (sealed.toString("base64") !== token) return undefined;
  const text = sealer.open(sealed, PURPOSE);
  if (text === undefined) return undefined;
  const [accessKeyId, secretAccessKey, accountId, roleName, sessionName, session, expiresAtMs] = JSON.parse(
    text,
  ) as Sealed;
  return { accessKeyId, secretAccessKey, accountId, roleName, sessionName, session, expiresAtMs };
}

export function assumedRoleArn({
  accountId,
  roleName,
  sessionName,
}: Pick<SessionGrant, "accountId" | "roleName" | "sessionName">): string {
  return `arn:aws:sts::${accountId}:assumed-role/${roleName}/${sessionName}`;
}
