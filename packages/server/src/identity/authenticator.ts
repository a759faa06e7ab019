/**
 * Verifies who signed a request. This cannot be turned off. Rules N1, N2, N4, C1.
 *
 * A long-term key is looked up; a session's key is in its session token, sealed. Signing keys are derived once for each access
 * key, day and region, and held, because deriving one costs more than verifying with it.
 */
import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from "node:crypto";
import {
  canonicalRequest,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  iso,
  type EpochMs,
  type SigningHashes,
} from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { rejection, type Rejection } from "../domain/rejection.ts";
import { openSecret } from "./access-keys.ts";
import type { Caller } from "./caller.ts";
import type { Sealer } from "./seal.ts";
import { assumedRoleArn, openSessionToken } from "./session-credentials.ts";
import { readSignature, type SignatureClaims, type SignedRequest } from "./signed-request.ts";

/** A key object is made once for a key that is used repeatedly: given bytes, Node would make one at every use. */
export const nodeHashes: SigningHashes<KeyObject> = {
  sha256Hex: (text) => hash("sha256", text, "hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

export const SIGNING_KEYS_MAX = 10_000;

/** Where a secret comes from: the access key that holds it sealed, or the text of the session token that does. */
type KeySource = string;

interface HeldKey {
  readonly key: KeyObject;
  readonly of: KeySource;
}

interface AuthenticatorOptions {
  readonly catalogue: () => CatalogueView;
  readonly sealer: Sealer;
  readonly wallMs: () => EpochMs;
}

export class Authenticator {
  readonly #options: AuthenticatorOptions;
  readonly #signingKeys = new Map<string, HeldKey>();

  constructor(options: AuthenticatorOptions) {
    this.#options = options;
  }

  get held(): number {
    return this.#signingKeys.size;
  }

  /** The caller; or why the request is refused. The request must be signed for the service whose operation it names. */
  authenticate(request: SignedRequest, signingName: string): Caller | Rejection {
    const claims = readSignature(request, signingName, this.#options.wallMs());
    if ("code" in claims) return claims;
    // Rule N4: the signature must cover the header that names the operation.
    if (request.headers.has("x-amz-target") && !claims.signedHeaders.includes("x-amz-target")) return unsignedTarget();
    const accessKey = this.#options.catalogue().accessKey(claims.accessKeyId);
    if (accessKey === undefined && claims.sessionToken !== undefined) {
      return this.#authenticateSession(request, claims, claims.sessionToken);
    }
    const account = accessKey && this.#options.catalogue().account(accessKey.accountId);
    const user = account?.users.find((candidate) => candidate.name === accessKey?.userName);
    if (accessKey === undefined || account === undefined || user === undefined) return unrecognized("key");
    const secretOf = (): string | undefined => openSecret(this.#options.sealer, accessKey);
    if (!this.#verify(request, claims, accessKey.sealedSecret, secretOf)) return mismatch();
    // Long-term keys come without a session token, so any token is wrong.
    if (claims.sessionToken !== undefined) return unrecognized("token");
    const arn = `arn:aws:iam::${account.id}:user/${user.name}`;
    return {
      accountId: account.id,
      arn,
      principalArn: arn,
      accessKeyId: accessKey.accessKeyId,
      region: claims.scope.region,
      policy: user.policy,
    };
  }

  #authenticateSession(request: SignedRequest, claims: SignatureClaims, token: string): Caller | Rejection {
    const { sealer, catalogue, wallMs } = this.#options;
    const session = openSessionToken(sealer, token);
    if (session === undefined || session.accessKeyId !== claims.accessKeyId) return unrecognized("token", "C1");
    const { accountId, accessKeyId, roleName, expiresAtMs } = session;
    const role = catalogue()
      .account(accountId)
      ?.roles.find((candidate) => candidate.name === roleName);
    if (role === undefined) return unrecognized("token", "C1");
    if (!this.#verify(request, claims, token, () => session.secretAccessKey)) return mismatch();
    if (wallMs() >= expiresAtMs) {
      const compared = { expiredAt: iso(expiresAtMs), now: iso(wallMs()) };
      const message = "The security token included in the request is expired";
      return rejection("ExpiredTokenException", "C1", message, compared);
    }
    return {
      accountId,
      arn: assumedRoleArn(session),
      principalArn: `arn:aws:iam::${accountId}:role/${roleName}`,
      accessKeyId,
      region: claims.scope.region,
      policy: role.policy,
      session: session.session,
    };
  }

  #verify(
    request: SignedRequest,
    claims: SignatureClaims,
    source: KeySource,
    secretOf: () => string | undefined,
  ): boolean {
    const payloadHash = hash("sha256", request.body, "hex");
    const stated = request.headers.get("x-amz-content-sha256");
    if (stated !== undefined && (stated.length !== 1 || stated[0] !== payloadHash)) return false;
    const name = `${claims.accessKeyId}/${scopeText(claims.scope)}`;
    const known = this.#signingKeys.get(name);
    // The held key must come from the present secret: a secret that was replaced must not be accepted any longer.
    const held = known?.of === source ? known : undefined;
    const key = held?.key ?? signingKeyOf(claims, secretOf());
    if (key === undefined) return false;
    const canonical = canonicalRequest({
      method: request.method,
      path: request.path,
      query: claims.query,
      headers: request.headers,
      signedHeaders: claims.signedHeaders,
      payloadHash,
    });
    const expected = signature(nodeHashes, key, stringToSign(nodeHashes, claims.amzDate, claims.scope, canonical));
    const given = Buffer.from(claims.signature);
    if (given.length !== expected.length || !timingSafeEqual(given, Buffer.from(expected))) return false;
    if (held === undefined) this.#hold(name, { key, of: source });
    return true;
  }

  /** Called only after a good signature, so that nobody can fill the memory without a secret. */
  #hold(name: string, held: HeldKey): void {
    if (this.#signingKeys.size >= SIGNING_KEYS_MAX) {
      const [oldest = name] = this.#signingKeys.keys();
      this.#signingKeys.delete(oldest);
    }
    this.#signingKeys.set(name, held);
  }
}

function signingKeyOf({ scope }: SignatureClaims, secret: string | undefined): KeyObject | undefined {
  return secret === undefined ? undefined : createSecretKey(signingKey(nodeHashes, secret, scope));
}

/** AWS's services end the first sentence with a full stop, and the second without. */
function unrecognized(what: "key" | "token", rule: "N1" | "C1" = "N1"): Rejection {
  const message = `The security token included in the request is invalid${what === "key" ? "." : ""}`;
  return rejection("UnrecognizedClientException", rule, message);
}

/** The words are those of AWS's refusal for another header that a signature must cover. */
function unsignedTarget(): Rejection {
  const message = "'X-Amz-Target' must be a 'SignedHeader' in the AWS Authorization.";
  return rejection("InvalidSignatureException", "N4", message);
}

function mismatch(): Rejection {
  const message =
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";
  return rejection("InvalidSignatureException", "N1", message);
}
