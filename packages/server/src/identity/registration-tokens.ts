/**
 * Registration tokens: sealed claims, in standard base64. Every token contains `+`, `/` and `=`, so that a seller who decodes
 * the form field wrongly notices it with the first token and not with the hundredth.
 */
import type { RegistrationTokenClaims } from "../domain/registration-token.ts";
import type { Sealer } from "./seal.ts";

const PURPOSE = "registration-token";
/** About half of all tokens of some 90 characters lack `+` or `/`; this many tries are always enough. */
const TRIES_MAX = 1_000;

export function sealToken(sealer: Sealer, claims: RegistrationTokenClaims): string {
  const text = JSON.stringify([claims.agreementId, claims.expiresAtMs]);
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    // Nonce and tag are 28 bytes. A space at the end makes the length one that base64 must pad.
    const padded = (Buffer.byteLength(text) + 28) % 3 === 0 ? `${text} ` : text;
    const token = sealer.seal(padded, PURPOSE).toString("base64");
    if (token.includes("+") && token.includes("/") && token.endsWith("=")) return token;
  }
  throw new Error("The source of randomness gives the same bytes again and again.");
}

/** The token's claims; undefined where this server did not make the token, character by character. */
export function openToken(sealer: Sealer, token: string): RegistrationTokenClaims | undefined {
  const sealed = Buffer.from(token, "base64");
  // Node's decoder accepts variants (missing padding, the URL alphabet, white space); a variant counts as altered.
  if (sealed.toString("base64") !== token) return undefined;
  const text = sealer.open(sealed, PURPOSE);
  if (text === undefined) return undefined;
  const [agreementId, expiresAtMs] = JSON.parse(text) as [string, number];
  return { agreementId, expiresAtMs };
}
