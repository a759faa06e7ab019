/**
 * Verifies web identity tokens, which say whose pod is calling. Only keys of configured issuers are used, and only algorithms
 * with a public key: with any other algorithm, everybody who knows the public key could make tokens. Rules C3, C5, C7.
 */
import { printable, iso, type EpochMs, type StsErrorName } from "@countinghouse/protocol";
import { decodeJwt, errors, jwtVerify, type JWTPayload } from "jose";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { WebIdentity } from "../domain/web-identity.ts";
import { KeySets } from "./key-sets.ts";
import { KeySourceError } from "./read-keys.ts";

const ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];
const SKEW_SECONDS = 300;
const CLAIM_CHARACTERS_MAX = 1_024;
const AUDIENCES_MAX = 20;
/** AWS's own text, which callers were seen to get. */
const NO_KEY = "Couldn't retrieve verification key from your identity provider";

interface TokenVerifierOptions {
  readonly catalogue: () => CatalogueView;
  readonly wallMs: () => EpochMs;
  readonly monotonicMs: () => number;
  /** Called where keys cannot be read. */
  readonly onKeySourceError: (error: Error) => void;
}

type StsRejection = Rejection<StsErrorName>;

export class TokenVerifier {
  readonly #options: TokenVerifierOptions;
  readonly #keySets: KeySets;

  constructor(options: TokenVerifierOptions) {
    this.#options = options;
    this.#keySets = new KeySets(options.monotonicMs, options.onKeySourceError);
  }

  /** Answers the token's claims, or why the token is refused; of a refused token, only the issuer is kept. */
  async verify(token: string): Promise<WebIdentity | StsRejection> {
    const named = issuerNamed(token);
    if (named === undefined) return invalid("The ID Token provided is not a valid JWT.");
    const issuer = this.#options.catalogue().issuer(named);
    if (issuer === undefined) {
      return invalid(
        `No OpenIDConnect provider found in your account for ${clip(named)}`,
        { issuer: clip(named) },
        "C7",
      );
    }
    try {
      const { payload } = await jwtVerify(token, this.#keySets.finderFor(issuer), {
        algorithms: ALGORITHMS,
        issuer: issuer.issuer,
        requiredClaims: ["exp", "sub", "aud"],
        clockTolerance: SKEW_SECONDS,
        currentDate: new Date(this.#options.wallMs()),
      });
      const claims = claimsOf(payload);
      return "code" in claims ? claims : { issuer, ...claims };
    } catch (error) {
      return this.#refusal(error, issuer.issuer);
    }
  }

  #refusal(error: unknown, issuer: string): StsRejection {
    if (error instanceof KeySourceError) {
      return invalid(`${NO_KEY}, ${clip(issuer)}: its keys could not be read.`, { issuer }, "C7");
    }
    if (error instanceof errors.JWTExpired) {
      const message = "Token expired: current date/time must be before the expiration date/time";
      return rejection("ExpiredTokenException", "C3", message, { issuer, ...timesOf(error.payload, this.#now()) });
    }
    if (error instanceof errors.JWTClaimValidationFailed && error.claim === "nbf" && error.reason === "check_failed") {
      const message = "Token is not valid yet: current date/time must not be before the not-before date/time";
      return rejection("IDPRejectedClaim", "C3", message, { issuer, ...timesOf(error.payload, this.#now()) });
    }
    if (error instanceof errors.JWTClaimValidationFailed) {
      return invalid(`A claim of the token is missing or has the wrong form: ${error.claim}`, { issuer });
    }
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
      return invalid(`${NO_KEY}, ${clip(issuer)}: it has no one key that the token names.`, { issuer });
    }
    if (error instanceof errors.JOSEError || error instanceof TypeError || error instanceof DOMException) {
      return invalid("The signature of the ID Token could not be verified.", { issuer });
    }
    throw error;
  }

  #now(): string {
    return iso(this.#options.wallMs());
  }
}

/** The issuer that an unverified token names. */
function issuerNamed(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === "string" ? iss : undefined;
  } catch {
    return undefined;
  }
}

function claimsOf(payload: JWTPayload): Omit<WebIdentity, "issuer"> | StsRejection {
  const { sub: subject, aud } = payload;
  const audiences = typeof aud === "string" ? [aud] : (aud ?? []);
  const all: readonly unknown[] = [subject, ...audiences];
  if (audiences.length > AUDIENCES_MAX || !all.every(isText)) {
    return invalid("A claim of the token is missing or has the wrong form: sub or aud");
  }
  const uid = podUidOf(payload);
  if (uid === undefined) {
    const message =
      "The token names no pod (kubernetes.io, pod, uid): metering is by the pod, so only tokens that Kubernetes projects into a pod are taken.";
    return invalid(message, {}, "C5");
  }
  return { subject: subject as string, audiences, podUid: uid };
}

function podUidOf(payload: JWTPayload): string | undefined {
  const claim = payload["kubernetes.io"] as { readonly pod?: { readonly uid?: unknown } | null } | null | undefined;
  const uid = claim?.pod?.uid;
  return typeof uid === "string" && /^[\w-]{1,128}$/.test(uid) ? uid : undefined;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value.length > 0 && value.length <= CLAIM_CHARACTERS_MAX;
}

function timesOf({ exp, nbf }: JWTPayload, now: string): Record<string, string> {
  return {
    ...(exp === undefined ? {} : { exp: isoOf(exp) }),
    ...(nbf === undefined ? {} : { nbf: isoOf(nbf) }),
    now,
  };
}

function isoOf(seconds: number): string {
  return Math.abs(seconds) <= 8.64e12 ? iso(seconds * 1000) : String(seconds);
}

function invalid(
  message: string,
  compared: Readonly<Record<string, string>> = {},
  rule: "C3" | "C5" | "C7" = "C3",
): StsRejection {
  return rejection("InvalidIdentityToken", rule, message, compared);
}

function clip(text: string): string {
  return printable(text, 255);
}
