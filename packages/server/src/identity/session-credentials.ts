/**
 * Session credentials: an access key that is good for some hours, and a session token that carries, sealed, everything needed
 * to verify it. The server keeps nothing of them: a server with the same secrets key can verify them, also after a restart.
 * Rule C1.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { ResourceSession } from "../domain/resources/metered-resource.ts";
import { newAccessKeyId, newSecretAccessKey } from "./access-keys.ts";
import type { Sealer } from "./seal.ts";

const PURPOSE = "session-credentials";
/** Far more than a session with the longest names and issuers needs; a longer token is refused unread. */
export const SESSION_TOKEN_CHARACTERS_MAX = 4_096;

/** Who gets the credentials. */
export interface SessionGrant {
  readonly accountId: string;
  readonly roleName: string;
  readonly sessionName: string;
  readonly session: ResourceSession;
  /** By the wall clock. */
  readonly expiresAtMs: EpochMs;
}

export interface SessionCredentials extends SessionGrant {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

/** The claims of a token. */
type SessionClaims = Omit<SessionCredentials, "sessionToken">;

/** The sealed claims. Positions replace names, because the token is sent with every request. */
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

/** The token's claims; undefined where this server did not make the token, character by character. */
export function openSessionToken(sealer: Sealer, token: string): SessionClaims | undefined {
  if (token.length > SESSION_TOKEN_CHARACTERS_MAX) return undefined;
  const sealed = Buffer.from(token, "base64");
  // Node's decoder accepts variants (padding, the other alphabet, white space); a variant counts as altered.
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
