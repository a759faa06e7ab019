/** Hides the secrets in requests and answers: signatures, tokens and secret keys, in whatever notation they were written. */
import { HIDDEN } from "@countinghouse/protocol";

/** Members whose value is a secret by itself, in JSON, CBOR and XML. */
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

/** Shows only parts that are known to be no secret: a malformed header may hold a secret anywhere. */
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

const PARAMETER_NAME = /^[\w.%+-]*$/;

/** Hides secrets in the parameters of a query or a form. */
export function maskedParameters(text: string): string {
  return text
    .split("&")
    .map((pair) => {
      const at = pair.indexOf("=");
      const name = at === -1 ? pair : pair.slice(0, at);
      if (SECRET_PARAMETERS.has(decoded(name).toLowerCase())) return `${name}=${HIDDEN}`;
      // What only says that it is a form may be JSON with a token in it.
      return PARAMETER_NAME.test(name) ? pair : maskedLoosely(pair);
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
      // Null is hidden, too: the member may stand twice in the text, and only the last one is read.
      return member === undefined ? member : HIDDEN;
    }) ?? "null",
  ) as unknown;
}

/** JSON, XML, a form, or a malformed one of them: the text as it was written, without its secrets. */
export function maskedText(text: string): string {
  const json = parsed(text);
  if (json === undefined) return maskedLoosely(text);
  try {
    const read = JSON.stringify(json);
    const masked = JSON.stringify(maskedValue(json));
    // A text without secrets is shown exactly as it was written, with its white space. One that says more than was read, because a
    // member stands in it twice, may have a secret in what was not read.
    return masked === read && membersIn(text) === membersIn(read) ? text : masked;
  } catch {
    // It is nested more deeply than it can be walked.
    return maskedLoosely(text);
  }
}

/** How many members stand in a text of JSON: texts with a colon behind them. */
function membersIn(json: string): number {
  return [...json.matchAll(/"(?:[^"\\]|\\.)*"(\s*:)?/g)].filter(([, colon]) => colon !== undefined).length;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

const TAGGED = new RegExp(`(<(${[...SECRET_MEMBERS].join("|")})>)[^<]*`, "gi");
/** A name with escapes does not show that a secret follows, so every text that is long enough to be a token is hidden. */
const TOKEN_LIKE = /[A-Za-z0-9+/=_.~%-]{40,}/g;

function maskedLoosely(text: string): string {
  return text.replaceAll(TAGGED, `$1${HIDDEN}`).replaceAll(TOKEN_LIKE, HIDDEN);
}
