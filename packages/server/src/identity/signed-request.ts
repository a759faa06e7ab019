/**
 * Reads what a request says of its own signature, and refuses what is missing or malformed: the first eight refusals, in the
 * order and with the texts that AWS JSON 1.1 services were seen to use. Nothing here needs a key.
 */
import {
  ALGORITHM,
  TERMINATOR,
  formatAmzDate,
  isDecodable,
  parseAmzDate,
  parseAuthorization,
  printable,
  type CredentialScope,
  type EpochMs,
} from "@countinghouse/protocol";
import { rejection, type Rejection } from "../domain/rejection.ts";

/** A request as it stood on the wire. */
export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** Without the `?`. */
  readonly query: string;
  /** By lower-case name; repeated headers as separate values. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  readonly body: Uint8Array;
}

/** The claims of a signature, well-formed but not yet verified. */
export interface SignatureClaims {
  readonly accessKeyId: string;
  readonly scope: CredentialScope;
  readonly amzDate: string;
  readonly signedHeaders: readonly string[];
  readonly signature: string;
  readonly sessionToken: string | undefined;
  /** The query that was signed: without the signature itself. */
  readonly query: string;
}

/** Rule N2. */
const SKEW_MINUTES = 15;
const REGION = /^(?=.{1,32}$)[a-z]{2,4}(-[a-z]+)+-\d+$/;

const NO_PARAMETERS = new URLSearchParams();

/** `signingName` is the service whose operation is asked for; a signature for another service is refused. */
export function readSignature(
  request: SignedRequest,
  signingName: string,
  wallMs: EpochMs,
): SignatureClaims | Rejection {
  const header = only(request, "authorization");
  const mayBeInQuery = request.query.includes("X-Amz-Algorithm");
  if (header === undefined && !mayBeInQuery) return withoutSignature();
  const fault = malformation(request);
  if (fault !== undefined) return rejection("IncompleteSignatureException", "N1", fault);
  const parameters = mayBeInQuery ? new URLSearchParams(request.query.replaceAll("+", "%2B")) : NO_PARAMETERS;
  const inQuery = parameters.has("X-Amz-Algorithm");
  if (header !== undefined && inQuery) {
    const message = "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.";
    return rejection("InvalidSignatureException", "N1", message);
  }
  if (!inQuery && (header === undefined || !header.startsWith("AWS4-"))) return withoutSignature();
  const found = inQuery ? fromQuery(request, parameters) : fromHeader(request, header as string);
  return "code" in found ? found : checkParts(found, signingName, wallMs);
}

function withoutSignature(): Rejection {
  return rejection("MissingAuthenticationTokenException", "N1", "Missing Authentication Token");
}

/** More than any SDK signs with; a longer request is refused before it is parsed. */
const PARAMETERS_MAX = 32;
const PATH_CHARACTERS_MAX = 2_048;
/** As many headers as the listener accepts. */
const SIGNED_HEADERS_MAX = 100;

/** Checks of the whole request before its parts are parsed: anybody can send one whose parsing is costly. */
function malformation({ headers, path, query }: SignedRequest): string | undefined {
  if ((headers.get("authorization")?.length ?? 0) > 1) return "There is more than one 'Authorization' header.";
  if (path.length > PATH_CHARACTERS_MAX) return `The path has more than ${PATH_CHARACTERS_MAX} characters.`;
  if (countOf(query, "&", PARAMETERS_MAX) === PARAMETERS_MAX) {
    return `The query string has more than ${PARAMETERS_MAX} parameters.`;
  }
  return isDecodable(query) ? undefined : "The query string is not percent-encoded UTF-8.";
}

/** How often a character occurs; counting stops at `max`. */
function countOf(text: string, character: string, max: number): number {
  let count = 0;
  for (let at = text.indexOf(character); at !== -1 && count < max; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}

interface Found {
  readonly algorithm: string;
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly date: string;
  readonly sessionToken: string | undefined;
  readonly query: string;
  /** For how many seconds after its date a signature is good. */
  readonly validSeconds: number;
}

function fromHeader(request: SignedRequest, header: string): Found | Rejection {
  const parts = parseAuthorization(header);
  const date = only(request, "x-amz-date") ?? only(request, "date");
  const { credential, signature, signedHeaders } = parts;
  if (credential === undefined || signature === undefined || signedHeaders === undefined || date === undefined) {
    let message = "";
    if (credential === undefined) message += "Authorization header requires 'Credential' parameter. ";
    if (signature === undefined) message += "Authorization header requires 'Signature' parameter. ";
    if (signedHeaders === undefined) message += "Authorization header requires 'SignedHeaders' parameter. ";
    if (date === undefined) {
      message += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
    }
    return rejection("IncompleteSignatureException", "N1", `${message}Authorization=${clip(header)}`);
  }
  return {
    algorithm: parts.algorithm,
    credential,
    signature,
    signedHeaders,
    date,
    sessionToken: only(request, "x-amz-security-token"),
    query: request.query,
    validSeconds: SKEW_MINUTES * 60,
  };
}

function fromQuery(request: SignedRequest, parameters: URLSearchParams): Found | Rejection {
  const needed = ["X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders", "X-Amz-Date"];
  const missing = needed.filter((name) => !parameters.get(name));
  if (missing.length > 0) {
    const message = missing.map((name) => `AWS query-string parameters must include '${name}'. `).join("");
    return rejection("IncompleteSignatureException", "N1", `${message}Re-examine the query-string parameters.`);
  }
  const expires = Number(parameters.get("X-Amz-Expires") ?? SKEW_MINUTES * 60);
  return {
    algorithm: parameters.get("X-Amz-Algorithm") ?? "",
    credential: parameters.get("X-Amz-Credential") ?? "",
    signature: parameters.get("X-Amz-Signature") ?? "",
    signedHeaders: parameters.get("X-Amz-SignedHeaders") ?? "",
    date: parameters.get("X-Amz-Date") ?? "",
    sessionToken: parameters.get("X-Amz-Security-Token") ?? undefined,
    query: request.query
      .split("&")
      .filter((part) => !part.startsWith("X-Amz-Signature="))
      .join("&"),
    // AWS limits X-Amz-Expires to a week. Rule N2 holds for every signature, so that a captured one is not good for longer.
    validSeconds: expires >= 1 && expires <= 604_800 ? Math.min(expires, SKEW_MINUTES * 60) : 0,
  };
}

function checkParts(found: Found, signingName: string, wallMs: EpochMs): SignatureClaims | Rejection {
  const basicMs = parseAmzDate(found.date);
  const signedAtMs = basicMs ?? parseHttpDate(found.date);
  if (signedAtMs === undefined) {
    const message = `Date must be in ISO-8601 'basic format'. Got '${clip(found.date)}'. See http://en.wikipedia.org/wiki/ISO_8601`;
    return rejection("IncompleteSignatureException", "N1", message);
  }
  const amzDate = basicMs === undefined ? formatAmzDate(signedAtMs) : found.date;
  const skewed = checkSkew(amzDate, signedAtMs, found.validSeconds, wallMs);
  if (skewed !== undefined) return skewed;

  if (countOf(found.signedHeaders, ";", SIGNED_HEADERS_MAX) === SIGNED_HEADERS_MAX) {
    const message = `'SignedHeaders' of the AWS Authorization names more than ${SIGNED_HEADERS_MAX} headers.`;
    return rejection("InvalidSignatureException", "N1", message);
  }
  const signedHeaders = found.signedHeaders.split(";");
  if (!signedHeaders.includes("host")) {
    const message = "'Host' must be a 'SignedHeader' in the AWS Authorization.";
    return rejection("InvalidSignatureException", "N1", message);
  }
  // Each name makes the server read and hash a header before the sender is known, so repeated names are refused.
  if (new Set(signedHeaders).size < signedHeaders.length) {
    const message = "A header is named more than once in 'SignedHeaders' of the AWS Authorization.";
    return rejection("InvalidSignatureException", "N1", message);
  }
  if (found.algorithm !== ALGORITHM) {
    const message = `Unsupported AWS 'algorithm': '${clip(found.algorithm)}' (only ${ALGORITHM} for now). `;
    return rejection("IncompleteSignatureException", "N1", message);
  }
  const elements = found.credential.split("/");
  if (elements.length !== 5) {
    const message = `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${clip(found.credential)}'`;
    return rejection("IncompleteSignatureException", "N1", message);
  }
  const [accessKeyId, date, region, service, terminator] = elements as [string, string, string, string, string];
  const problems = scopeProblems({ date, region, service, terminator }, signingName, amzDate);
  if (problems !== "") return rejection("InvalidSignatureException", "N1", problems);
  return {
    accessKeyId,
    scope: { date, region, service },
    amzDate,
    signedHeaders,
    signature: found.signature,
    sessionToken: found.sessionToken,
    query: found.query,
  };
}

/** A `Date` header may have HTTP's own form; other forms that JavaScript would read are refused. */
function parseHttpDate(text: string): EpochMs | undefined {
  if (!/^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)) return undefined;
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function checkSkew(amzDate: string, signedAtMs: EpochMs, validSeconds: number, wallMs: EpochMs): Rejection | undefined {
  const ageMs = wallMs - signedAtMs;
  if (ageMs <= validSeconds * 1000 && ageMs >= -SKEW_MINUTES * 60_000) return undefined;
  const now = formatAmzDate(wallMs);
  const compared = { signedAt: amzDate, now };
  if (wallMs - signedAtMs > validSeconds * 1000) {
    const minutes = Math.round(validSeconds / 60);
    const earliest = formatAmzDate(wallMs - validSeconds * 1000);
    const message = `Signature expired: ${amzDate} is now earlier than ${earliest} (${now} - ${minutes} min.)`;
    return rejection("InvalidSignatureException", "N2", message, compared);
  }
  if (signedAtMs - wallMs > SKEW_MINUTES * 60_000) {
    const latest = formatAmzDate(wallMs + SKEW_MINUTES * 60_000);
    const message = `Signature not yet current: ${amzDate} is still later than ${latest} (${now} + ${SKEW_MINUTES} min.)`;
    return rejection("InvalidSignatureException", "N2", message, compared);
  }
  return undefined;
}

function scopeProblems(scope: CredentialScope & { terminator: string }, signingName: string, amzDate: string): string {
  let problems = "";
  if (!REGION.test(scope.region)) {
    problems += `Credential should be scoped to a valid region, not '${clip(scope.region)}'. `;
  }
  if (scope.service !== signingName) {
    problems += `Credential should be scoped to correct service: '${signingName}'. `;
  }
  if (scope.terminator !== TERMINATOR) {
    problems += `Credential should be scoped with a valid terminator: '${TERMINATOR}', not '${clip(scope.terminator)}'. `;
  }
  if (scope.date !== amzDate.slice(0, 8)) {
    problems += `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${clip(scope.date)}' != '${amzDate.slice(0, 8)}', from '${amzDate}'.`;
  }
  return problems;
}

/** The value of a header. Repeated headers count as one value joined by commas, as they do in a signature. */
function only(request: SignedRequest, name: string): string | undefined {
  const values = request.headers.get(name);
  return values === undefined ? undefined : values.join(",").trim();
}

function clip(text: string): string {
  return printable(text, 512);
}
