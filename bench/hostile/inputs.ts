/** Requests that anybody can send, and that might cost more than their size: one row for each kind. */
import { JSON_CONTENT_TYPE, STS, formatAmzDate, meteringService } from "@countinghouse/protocol";
import { bytesOf, type RawRequest } from "../../test/support/raw-client.ts";
import { DEMO } from "../../test/support/server.ts";

interface HostileInput {
  readonly name: string;
  /** The request's bytes, the same each time. */
  readonly bytes: Buffer;
}

/** About as much as headers may take up, with a query or a path among them. */
const HEAD_BYTES = 14_000;
const FORM_BYTES = 65_000;
const BODY_BYTES = 1_040_000;
const TARGET = `${meteringService.targetPrefix}.BatchMeterUsage`;

/** Fills up to this many bytes. */
function filled(bytes: number, piece: (index: number) => string): string {
  let text = "";
  for (let i = 0; text.length < bytes; i += 1) text += piece(i);
  return text;
}

/** A wrong signature with an existing key: access key ids are no secrets. */
function authorization(signedHeaders = "host;x-amz-date;x-amz-target"): string {
  const date = formatAmzDate(Date.now()).slice(0, 8);
  const scope = `${date}/us-east-1/${meteringService.signingName}/aws4_request`;
  return `AWS4-HMAC-SHA256 Credential=${DEMO.accessKeyId}/${scope}, SignedHeaders=${signedHeaders}, Signature=${"0".repeat(64)}`;
}

function metering(changes: Partial<RawRequest>, body: string | Buffer = "{}"): Buffer {
  const headers = {
    host: "localhost",
    "content-type": JSON_CONTENT_TYPE,
    "x-amz-target": TARGET,
    "x-amz-date": formatAmzDate(Date.now()),
    authorization: authorization(),
    ...changes.headers,
  };
  return bytesOf({ method: "POST", path: changes.path ?? "/", headers, body: Buffer.from(body) });
}

function form(body: string): Buffer {
  const headers = { host: "localhost", "content-type": "application/x-www-form-urlencoded" };
  return bytesOf({ method: "POST", path: "/", headers, body: Buffer.from(body) });
}

const get = (path: string, headers: RawRequest["headers"] = {}): Buffer =>
  bytesOf({ method: "GET", path, headers: { host: "localhost", ...headers }, body: Buffer.alloc(0) });

/** A refused request of this size, with which all others are compared. */
export function plainRequest(bytes: number): Buffer {
  const empty = metering({}).length;
  return metering({}, JSON.stringify({ Padding: "x".repeat(Math.max(0, bytes - empty - 14)) }));
}

export function hostileInputs(): HostileInput[] {
  const rows: readonly (readonly [name: string, bytes: Buffer])[] = [
    ...queries(),
    ...paths(),
    ...heads(),
    ...forms(),
    ...bodies("64 KB of", 64_000),
    ...bodies("1 MB of", BODY_BYTES),
    ...pages(),
  ];
  return rows.map(([name, bytes]) => ({ name, bytes }));
}

type Rows = (readonly [name: string, bytes: Buffer])[];

function queries(): Rows {
  const bad = filled(HEAD_BYTES, () => "%FF&");
  const unsigned = { authorization: undefined };
  return [
    ["query of %FF&, not signed", metering({ path: `/?${bad}`, headers: unsigned })],
    ["query of %FF&, key known", metering({ path: `/?${bad}` })],
    ["query of %&, key known", metering({ path: `/?${filled(HEAD_BYTES, () => "%&")}` })],
    ["query of one bad value, key known", metering({ path: `/?a=${filled(HEAD_BYTES, () => "%FF")}` })],
    ["query of a=b&, key known", metering({ path: `/?${filled(HEAD_BYTES, () => "a=b&")}` })],
    ["query that says it is signed, of %FF&", metering({ path: `/?X-Amz-Algorithm=x&${bad}`, headers: unsigned })],
  ];
}

function paths(): Rows {
  return [
    ["path of /%FF", metering({ path: filled(HEAD_BYTES, () => "/%FF") })],
    ["operator path of /%FF", get(`/operator/v1${filled(HEAD_BYTES, () => "/%FF")}`)],
    ["buy path of /%FF", get(`/buy${filled(HEAD_BYTES, () => "/%FF")}`)],
    ["operator path of /a", get(`/operator/v1${filled(HEAD_BYTES, () => "/a")}`)],
    ["path of /a, key known", metering({ path: filled(HEAD_BYTES, () => "/a") })],
    ["path of /.., key known", metering({ path: filled(2_000, () => "/..") })],
    ["path of 2,000 characters, key known", metering({ path: filled(2_000, () => "/é").slice(0, 1_990) })],
    ["operator query of %FF&", get(`/operator/v1/accounts?${filled(HEAD_BYTES, () => "%FF&")}`)],
  ];
}

function heads(): Rows {
  const many = Object.fromEntries(Array.from({ length: 90 }, (_, i) => [`x-h${i}`, "x".repeat(130)]));
  const manyNames = Object.keys(many).join(";");
  return [
    ["SignedHeaders of thousands", metering({ headers: { authorization: authorization(`host;${filled(HEAD_BYTES, (i) => `${i.toString(36)};`)}`) } })],
    ["90 headers, all signed", metering({ headers: { ...many, authorization: authorization(`host;${manyNames}`) } })],
    ["a signed header of spaces", metering({ headers: { "x-s": `a${filled(HEAD_BYTES, () => "  b")}`, authorization: authorization("host;x-s") } })],
    ["Authorization of commas", metering({ headers: { authorization: `AWS4-HMAC-SHA256 ${filled(HEAD_BYTES, () => ",")}` } })],
    ["Authorization of Credential=A…", metering({ headers: { authorization: `AWS4-HMAC-SHA256 ${filled(HEAD_BYTES, () => "Credential=AAAAAAAAAAAAAAAAAAAAAA")}` } })],
    ["Authorization of slashes", metering({ headers: { authorization: `AWS4-HMAC-SHA256 Credential=${filled(HEAD_BYTES, () => "/")}, SignedHeaders=host, Signature=x` } })],
    ["a header of é", metering({ headers: { "x-e": filled(HEAD_BYTES / 2, () => "é") } })],
    ["a target of thousands of letters", metering({ headers: { "x-amz-target": filled(HEAD_BYTES, () => "a.") } })],
    ["a content type of ;", metering({ headers: { "content-type": filled(HEAD_BYTES, () => ";") } })],
    ["X-Forwarded-For of commas", metering({ headers: { "x-forwarded-for": filled(HEAD_BYTES, () => "10.0.0.1,") } })],
    ["a cookie, for the buy page", get("/buy/", { cookie: filled(HEAD_BYTES, (i) => `a${i}=%FF; `) })],
    ["a host of dots, for the buy page", get("/buy/", { host: filled(HEAD_BYTES, () => "a.") })],
    ["a session token of 14 KB", metering({ headers: { "x-amz-security-token": filled(HEAD_BYTES, () => "QUJD"), authorization: authorization().replace(DEMO.accessKeyId, "ASIAUNKNOWN000000001") } })],
    ["a session token of 4 KB", metering({ headers: { "x-amz-security-token": filled(4_000, () => "QUJD"), authorization: authorization().replace(DEMO.accessKeyId, "ASIAUNKNOWN000000001") } })],
    ["an operator token of 14 KB", get("/operator/v1/accounts", { authorization: `Bearer ${filled(HEAD_BYTES, () => "x")}` })],
  ]; // prettier-ignore
}

const base64 = (text: string): string => Buffer.from(text).toString("base64url");

const token = (claims: string): string => `${base64('{"alg":"RS256","kid":"k","typ":"JWT"}')}.${base64(claims)}.`;

function forms(): Rows {
  const asked = `Action=AssumeRoleWithWebIdentity&Version=${STS.version}&`;
  const role = "RoleArn=arn:aws:iam::444455556666:role/app&RoleSessionName=session&WebIdentityToken=";
  const signature = filled(340, () => "A");
  return [
    ["STS form of %FF&", form(asked + filled(FORM_BYTES, () => "%FF&"))],
    ["STS form of a=b&", form(asked + filled(FORM_BYTES, (i) => `${i}=b&`))],
    ["STS form of one bad value", form(`${asked}a=${filled(FORM_BYTES, () => "%FF")}`)],
    ["a form that names no action", form(filled(FORM_BYTES, () => "&Action"))],
    ["web identity token of dots", form(asked + role + filled(19_000, () => "."))],
    ["web identity token, issuer unknown", form(`${asked}${role}${token('{"iss":"https://unknown.example"}')}${signature}`)],
    ["web identity token of many claims", form(`${asked}${role}${token(`{${filled(14_000, (i) => `"c${i}":${i},`)}"iss":"x"}`)}${signature}`)],
    ["web identity token of nesting", form(`${asked}${role}${token(`{"iss":${"[".repeat(7_000)}${"]".repeat(7_000)}}`)}${signature}`)],
  ]; // prettier-ignore
}

function bodies(size: string, bytes: number): Rows {
  const list = (piece: (index: number) => string): string => `{"a":[${filled(bytes, piece)}0]}`;
  return [
    [`${size} many shapes`, metering({}, list((i) => `{"k${i}":1,"l${i * 7}":2},`))],
    [`${size} one object's many keys`, metering({}, `{${filled(bytes, (i) => `"k${i}":1,`)}"z":0}`)],
    [`${size} keys that are numbers`, metering({}, `{${filled(bytes, (i) => `"${(i * 7_919) % 4_000_000_000}":1,`)}"z":0}`)],
    [`${size} nesting`, metering({}, `{"a":${"[".repeat(bytes / 2)}${"]".repeat(bytes / 2)}}`)],
    [`${size} nested objects`, metering({}, `${'{"a":'.repeat(bytes / 6)}1${"}".repeat(bytes / 6)}`)],
    [`${size} empty objects`, metering({}, list(() => "{},"))],
    [`${size} digits`, metering({}, `{"a":${"9".repeat(bytes)}}`)],
    [`${size} fractions`, metering({}, list((i) => `${i}.123456789012345678e-300,`))],
    [`${size} escapes`, metering({}, `{"a":"${filled(bytes, () => "\\u00e9")}"}`)],
    [`${size} short strings`, metering({}, list((i) => `"${i.toString(36)}",`))],
    [`${size} bytes that are no UTF-8`, metering({}, Buffer.alloc(bytes, 0xff))],
    [`${size} JSON that breaks off`, metering({}, `{"a":"${"x".repeat(bytes)}`)],
  ]; // prettier-ignore
}

/** Requests that are answered without a signature. */
function pages(): Rows {
  return [
    ["GET /healthz", get("/healthz")],
    ["GET /readyz", get("/readyz")],
    ["GET /metrics", get("/metrics")],
    ["GET /.well-known/jwks.json", get("/.well-known/jwks.json")],
    ["GET /operator/openapi.json", get("/operator/openapi.json")],
    ["GET /buy/", get("/buy/")],
    ["GET a product's buy page", get(`/buy/${DEMO.productCode}`)],
    ["container credentials", get(`/workload/credentials/ecs-${"0".repeat(32)}`, { authorization: "x".repeat(43) })],
  ];
}
