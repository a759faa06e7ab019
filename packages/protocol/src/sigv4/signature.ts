/**
 * Steps 2 to 4 of Signature Version 4: string to sign, signing key, signature. The caller gives the hash functions, so that the
 * same steps run on any platform.
 */

export const ALGORITHM = "AWS4-HMAC-SHA256";
export const TERMINATOR = "aws4_request";

/** `<date>/<region>/<service>/aws4_request`; the date is `YYYYMMDD`. */
export interface CredentialScope {
  readonly date: string;
  readonly region: string;
  readonly service: string;
}

/** `Key` is the form of a signing key that the platform's HMAC takes. */
export interface SigningHashes<Key = Uint8Array> {
  /** Lower-case hex SHA-256 of a text's UTF-8 bytes. */
  sha256Hex(text: string): string;
  hmacSha256(key: string | Uint8Array, text: string): Uint8Array;
  hmacSha256Hex(key: Key, text: string): string;
}

export function scopeText(scope: CredentialScope): string {
  return `${scope.date}/${scope.region}/${scope.service}/${TERMINATOR}`;
}

/** `amzDate` is `YYYYMMDD'T'HHMMSS'Z'`; `canonical` is the result of `canonicalRequest`. */
export function stringToSign(
  hashes: Pick<SigningHashes, "sha256Hex">,
  amzDate: string,
  scope: CredentialScope,
  canonical: string,
): string {
  return stringToSignOf(amzDate, scope, hashes.sha256Hex(canonical));
}

/** The same for a canonical request that is hashed already, for platforms with asynchronous hashing. */
export function stringToSignOf(amzDate: string, scope: CredentialScope, canonicalHash: string): string {
  return `${ALGORITHM}\n${amzDate}\n${scopeText(scope)}\n${canonicalHash}`;
}

/** Good for one day, region and service. Worth keeping, because deriving it costs four HMACs. */
export function signingKey(
  hashes: Pick<SigningHashes, "hmacSha256">,
  secretAccessKey: string,
  scope: CredentialScope,
): Uint8Array {
  const [secret, date, ...rest] = signingKeyTexts(secretAccessKey, scope);
  let key = hashes.hmacSha256(secret, date);
  for (const text of rest) key = hashes.hmacSha256(key, text);
  return key;
}

/**
 * The texts that the signing key is made of: the first is the key for the second, the result the key for the third, and so on.
 */
export function signingKeyTexts(
  secretAccessKey: string,
  scope: CredentialScope,
): readonly [string, string, string, string, string] {
  return [`AWS4${secretAccessKey}`, scope.date, scope.region, scope.service, TERMINATOR];
}

/** Lower-case hex. */
export function signature<Key>(hashes: Pick<SigningHashes<Key>, "hmacSha256Hex">, key: Key, toSign: string): string {
  return hashes.hmacSha256Hex(key, toSign);
}
