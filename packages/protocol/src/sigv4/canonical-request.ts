/**
 * Step 1 of Signature Version 4: the canonical request. It takes and answers text only; the caller hashes.
 *
 * Source: "Create a signed AWS API request" in the IAM user guide. This is the form for every service but S3: the path is
 * normalised, and encoded once more.
 */

export interface CanonicalRequestInput {
  readonly method: string;
  /** The path as it is on the wire, without the query; percent-encoded once already. */
  readonly path: string;
  /** The query as it is on the wire, without the `?`, and without a signature parameter. */
  readonly query: string;
  /** Header values by lower-case name; repeated headers as separate values, in the order sent. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
  /** Lower-case names, in the order of the SignedHeaders parameter. */
  readonly signedHeaders: readonly string[];
  /** Lower-case hex SHA-256 of the body. */
  readonly payloadHash: string;
}

export function canonicalRequest(input: CanonicalRequestInput): string {
  let headers = "";
  for (const name of input.signedHeaders) headers += `${name}:${canonicalHeaderValue(input.headers.get(name))}\n`;
  return `${input.method}\n${canonicalPath(input.path)}\n${canonicalQuery(input.query)}\n${headers}\n${input.signedHeaders.join(";")}\n${input.payloadHash}`;
}

/** Trimmed, runs of white space collapsed to one space, repeated headers joined by a comma. */
export function canonicalHeaderValue(values: readonly string[] | undefined): string {
  if (values === undefined) return "";
  return values.length === 1 ? folded(values[0] ?? "") : values.map(folded).join(",");
}

function folded(value: string): string {
  return NEEDS_FOLDING.test(value) ? value.replace(/[ \t\r\n]+/g, " ").replace(/^ | $/g, "") : value;
}

// Only HTTP's white space is folded: clients sign a no-break space, and Unicode's other spaces, unchanged.
const NEEDS_FOLDING = /^ | $| {2}|[\t\r\n]/;

/** Resolves dot segments, drops empty segments, and percent-encodes each segment once more. */
export function canonicalPath(path: string): string {
  if (path === "/" || path === "") return "/";
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "" || segment === ".") continue;
    if (segment === "..") segments.pop();
    else segments.push(encodeRfc3986(segment));
  }
  const joined = segments.join("/");
  const slashed = path.startsWith("/") ? `/${joined}` : joined;
  return path.endsWith("/") && segments.length > 0 ? `${slashed}/` : slashed;
}

/** Parameters decoded, encoded as in RFC 3986, and sorted by name and then by value. */
export function canonicalQuery(query: string): string {
  if (query === "") return "";
  // A + is a plus here, not a space. What cannot be decoded stays unchanged, and the signature will not match.
  const decode = isDecodable(query) ? decodeURIComponent : (text: string): string => text;
  const pairs: [string, string][] = [];
  for (const part of query.split("&")) {
    if (part === "") continue;
    const at = part.indexOf("=");
    const name = at === -1 ? part : part.slice(0, at);
    const value = at === -1 ? "" : part.slice(at + 1);
    pairs.push([encodeRfc3986(decode(name)), encodeRfc3986(decode(value))]);
  }
  // Sorted by code unit: after encoding, everything is ASCII.
  pairs.sort(([an, av], [bn, bv]) => (an < bn ? -1 : an > bn ? 1 : av < bv ? -1 : av > bv ? 1 : 0));
  return pairs.map(([name, value]) => `${name}=${value}`).join("&");
}

/** Percent-encodes everything but the unreserved characters of RFC 3986. */
export function encodeRfc3986(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/**
 * Whether every percent sign of a text stands for a part of UTF-8. To be called with the whole text, which throws inside at
 * most once: called with its parts, it would cost time for each wrong one, and a stranger can send thousands.
 */
export function isDecodable(text: string): boolean {
  if (!text.includes("%")) return true;
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
