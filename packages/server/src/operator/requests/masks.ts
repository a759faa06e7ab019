/** What is secret in a request or an answer, hidden: signatures, tokens, secret keys, whichever way they were written. */
import { HIDDEN } from "@countinghouse/protocol";

/** Members whose value is good for something by itself, in JSON, in CBOR and in XML. */
const SECRET_MEMBERS: ReadonlySet<string> = new Set([
  "registrationtoken",
  "signature",
  "webidentitytoken",
  "secretaccesskey",
  "sessiontoken",
  "nexttoken",
]);
const SECRET_HEADERS: ReadonlySet<string> = new Set([
  "cookie",
  "proxy-authorization",
  "x-amz-security-token",
  "x-amz-signature",
]);
const SECRET_PARAMETERS: ReadonlySet<string> = new Set([
  "x-amz-signature",
  "x-amz-security-token",
  "webidentitytoken",
  "registrationtoken",
  "token",
]);

export function maskedHeader(name: string, value: string): string {
  if (name === "authorization") return maskedAuthorization(value);
  return SECRET_HEADERS.has(name) ? HIDDEN : value;
}

/** Only what is known to be no secret is shown: a header that is malformed may hold one anywhere. */
function maskedAuthorization(value: string): string {
  const [, scheme] = /^(AWS4-[A-Z0-9-]{1,40})\s/.exec(value) ?? [];
  if (scheme === undefined) return HIDDEN;
  const part = (name: string, pattern: string): string => {
    const found = new RegExp(`(?:^|[\\s,])${name}=(${pattern})(?=[\\s,]|$)`).exec(value)?.[1];
    return found === undefined ? "" : `${name}=${found}, `;
  };
  const shown = part("Credential", "[A-Za-z0-9/_-]{1,200}") + part("SignedHeaders", "[a-z0-9;_-]{1,2000}");
  return `${scheme} ${shown}Signature=${HIDDEN}`;
}

/** Of an address, or of a form. */
export function maskedParameters(text: string): string {
  return text
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      const name = at === -1 ? pair : pair.slice(0, at);
      return SECRET_PARAMETERS.has(decoded(name).toLowerCase()) ? `${name}=${HIDDEN}` : pair;
    })
    .join("&");
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** A value with its secret members hidden, all the way down. */
export function maskedValue(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (name, member: unknown) => {
      if (member instanceof Uint8Array) return `${member.length} bytes`;
      if (!SECRET_MEMBERS.has(name.toLowerCase())) return member;
      return member === undefined || member === null ? member : HIDDEN;
    }) ?? "null",
  ) as unknown;
}

/** JSON, XML, a form, or what was meant to be one: as it was written, less its secrets. */
export function maskedText(text: string): string {
  const json = parsed(text);
  if (json === undefined) return maskedLoosely(text);
  const masked = JSON.stringify(maskedValue(json));
  // Without secrets it is shown letter by letter, white space and all.
  return masked === JSON.stringify(json) ? text : masked;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const TAGGED = new RegExp(`(<(${[...SECRET_MEMBERS].join("|")})>)[^<]*`, "gi");
/** A name may be written with escapes, so that nothing tells what follows it: whatever is long enough to be a token is hidden. */
const TOKEN_LIKE = /[A-Za-z0-9+/=_.~%-]{40,}/g;

function maskedLoosely(text: string): string {
  return text.replaceAll(TAGGED, `$1${HIDDEN}`).replaceAll(TOKEN_LIKE, HIDDEN);
}
