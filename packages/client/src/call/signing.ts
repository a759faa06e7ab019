/** Signs requests with Signature Version 4, by the steps of the protocol package and the platform's hashes. */
import {
  ALGORITHM,
  meteringService,
  canonicalRequest,
  formatAmzDate,
  scopeText,
  signingKeyTexts,
  stringToSignOf,
} from "@countinghouse/protocol";
import type { AwsCredentials } from "../credentials/credentials.ts";
import type { Cryptography } from "../platform/platform.ts";

interface RequestToSign {
  readonly url: URL;
  readonly region: string;
  readonly contentType: string;
  /** Such as `AWSMPMeteringService.BatchMeterUsage`. */
  readonly target: string;
  /** Hex SHA-256 of the body. */
  readonly bodyHash: string;
}

const SIGNED = ["content-type", "host", "x-amz-date", "x-amz-target"];
const SIGNED_WITH_TOKEN = ["content-type", "host", "x-amz-date", "x-amz-security-token", "x-amz-target"];

export class Signer {
  readonly #cryptography: Cryptography;
  #key: { readonly of: string; readonly secret: string; readonly key: unknown } | undefined;

  constructor(cryptography: Cryptography) {
    this.#cryptography = cryptography;
  }

  bodyHash(body: string): string | Promise<string> {
    return this.#cryptography.sha256Hex(body);
  }

  /**
   * The headers of a signed request, without `host`: name, value, name, value … Headers that proxies change, such as the user
   * agent, are not signed; botocore does the same.
   */
  async sign(request: RequestToSign, credentials: AwsCredentials, atMs: number): Promise<string[]> {
    const { url, contentType, target } = request;
    const { accessKeyId } = credentials;
    const sessionToken = credentials.sessionToken === "" ? undefined : credentials.sessionToken;
    const amzDate = formatAmzDate(atMs);
    const scope = { date: amzDate.slice(0, 8), region: request.region, service: meteringService.signingName };
    const headers = new Map([
      ["content-type", [contentType]],
      ["host", [url.host]],
      ["x-amz-date", [amzDate]],
      ["x-amz-target", [target]],
    ]);
    if (sessionToken !== undefined) headers.set("x-amz-security-token", [sessionToken]);
    const signedHeaders = sessionToken === undefined ? SIGNED : SIGNED_WITH_TOKEN;
    const canonical = canonicalRequest({
      method: "POST",
      path: url.pathname,
      query: url.search.slice(1),
      headers,
      signedHeaders,
      payloadHash: request.bodyHash,
    });
    const cryptography = this.#cryptography;
    const toSign = stringToSignOf(amzDate, scope, await cryptography.sha256Hex(canonical));
    const signature = await cryptography.hmacSha256Hex(await this.#keyFor(credentials, scope), toSign);
    const authorization = `${ALGORITHM} Credential=${accessKeyId}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signature}`;
    const flat = ["content-type", contentType, "x-amz-date", amzDate, "x-amz-target", target];
    if (sessionToken !== undefined) flat.push("x-amz-security-token", sessionToken);
    flat.push("authorization", authorization);
    return flat;
  }

  /** Keeps the last key: a client has one region and, for hours, one secret; deriving a key costs more than signing. */
  async #keyFor(
    { secretAccessKey }: AwsCredentials,
    scope: { readonly date: string; readonly region: string; readonly service: string },
  ): Promise<unknown> {
    const of = scopeText(scope);
    if (this.#key?.of === of && this.#key.secret === secretAccessKey) return this.#key.key;
    const key: unknown = await this.#cryptography.hmacChain(signingKeyTexts(secretAccessKey, scope));
    this.#key = { of, secret: secretAccessKey, key };
    return key;
  }
}
