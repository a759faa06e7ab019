/**
 * What the load consists of: a catalogue, and requests for it as an official SDK would send them, byte for byte: its
 * headers, its signature. No key of a metering record is ever repeated.
 *
 * The usage is that of a seller's hourly job in several regions: hour after hour, region after region, customer after
 * customer in an order that changes each time, and for each customer all dimensions. So requests that travel together
 * touch pages of many customers.
 */
import { createHmac, hash, randomUUID } from "node:crypto";
import {
  ALGORITHM,
  BATCH_RECORDS_MAX,
  HOUR_MS,
  JSON_CONTENT_TYPE,
  batchMeterUsage,
  canonicalRequest,
  formatAmzDate,
  scopeText,
  signature,
  signingKey,
  stringToSign,
  type CredentialScope,
  type SigningHashes,
} from "@countinghouse/protocol";

export const REGIONS = [
  "us-east-1",
  "us-east-2",
  "us-west-2",
  "ca-central-1",
  "sa-east-1",
  "eu-west-1",
  "eu-central-1",
];
export const CUSTOMERS = 1_000;
const DIMENSIONS = 30;
/** Rule set `current` takes usage of the last 24 hours; the hour that is running is left alone. */
export const HOURS = 22;
const KEYS_OF_REGION = CUSTOMERS * DIMENSIONS;
const KEYS_OF_HOUR = REGIONS.length * KEYS_OF_REGION;

export const RECORDS_PER_REQUEST = BATCH_RECORDS_MAX;
/** So many requests can be made before a key would come again. */
export const REQUESTS_MAX = (HOURS * KEYS_OF_HOUR) / RECORDS_PER_REQUEST;

export const PRODUCT_CODE = "5k2mbench0wq9zr7tcx4vjp81";
const SELLER = "111122223333";
const ACCESS_KEY_ID = "AKIACOUNTINGHOUSE777";
const SECRET_ACCESS_KEY = "bench-secret-not-kept-anywhere-else-0000";
const HOST = "metering.bench.example";

/** The catalogue in the form of a catalogue file (JSON is YAML). */
export function catalogueText(): string {
  const user = { name: "metering", accessKeyId: ACCESS_KEY_ID, secretAccessKey: SECRET_ACCESS_KEY };
  const product = {
    productCode: PRODUCT_CODE,
    title: "Benchmarked",
    seller: SELLER,
    type: "saas",
    pricing: "usage",
    dimensions: range(DIMENSIONS).map((i) => ({ name: dimensionName(i) })),
  };
  const buyers = range(CUSTOMERS).map((i) => ({ id: buyerId(i) }));
  const agreements = range(CUSTOMERS).map((i) => ({
    agreementId: `agmt-${i}`,
    productCode: PRODUCT_CODE,
    customerAccountId: buyerId(i),
    customerIdentifier: customerName(i),
    startsAt: "2020-01-01T00:00:00Z",
  }));
  const accounts = [{ id: SELLER, users: [user] }, ...buyers];
  return JSON.stringify({ accounts, products: [product], agreements }, undefined, 1);
}

export interface BenchRecord {
  readonly Timestamp: number;
  readonly Dimension: string;
  readonly CustomerIdentifier: string;
  readonly Quantity: number;
}

export class RequestMaker {
  readonly #firstHour: number;
  #made = 0;

  constructor(nowMs: number) {
    this.#firstHour = Math.floor(nowMs / HOUR_MS) - HOURS;
  }

  /** The next request, headers and body, signed now: good for fifteen minutes. */
  next(nowMs: number): Buffer {
    if (this.#made === REQUESTS_MAX) throw new Error(`There are keys for ${REQUESTS_MAX} requests, and no more.`);
    const { records, region } = this.nextRecords();
    return signedRequest(JSON.stringify({ UsageRecords: records, ProductCode: PRODUCT_CODE }), region, nowMs);
  }

  /** The records of the next request, and the region it is sent to. */
  nextRecords(): { records: BenchRecord[]; region: string } {
    const first = this.#made * RECORDS_PER_REQUEST;
    this.#made += 1;
    return {
      records: range(RECORDS_PER_REQUEST).map((i) => this.#record(first + i)),
      region: REGIONS[Math.floor(first / KEYS_OF_REGION) % REGIONS.length] as string,
    };
  }

  #record(n: number): BenchRecord {
    const visit = Math.floor((n % KEYS_OF_REGION) / DIMENSIONS);
    // A step without a common factor with the number of customers visits each of them once.
    const step = 471 + 10 * Math.floor(n / KEYS_OF_REGION);
    return {
      Timestamp: (this.#firstHour + Math.floor(n / KEYS_OF_HOUR)) * (HOUR_MS / 1000) + (n % 3_600),
      Dimension: dimensionName(n % DIMENSIONS),
      CustomerIdentifier: customerName((visit * step) % CUSTOMERS),
      Quantity: 1 + (n % 1_000),
    };
  }
}

const hashes: SigningHashes = {
  sha256Hex: (text) => hash("sha256", text, "hex"),
  hmacSha256: (key, text) => createHmac("sha256", key).update(text).digest(),
  hmacSha256Hex: (key, text) => createHmac("sha256", key).update(text).digest("hex"),
};

const signingKeys = new Map<string, Uint8Array>();

function signingKeyOf(scope: CredentialScope): Uint8Array {
  const known = signingKeys.get(scopeText(scope));
  if (known !== undefined) return known;
  const key = signingKey(hashes, SECRET_ACCESS_KEY, scope);
  signingKeys.set(scopeText(scope), key);
  return key;
}

function signedRequest(body: string, region: string, nowMs: number): Buffer {
  const amzDate = formatAmzDate(nowMs);
  const scope = { date: amzDate.slice(0, 8), region, service: batchMeterUsage.signingName };
  const payloadHash = hashes.sha256Hex(body);
  const signed = {
    "amz-sdk-invocation-id": randomUUID(),
    "amz-sdk-request": "attempt=1; max=3",
    "content-length": String(Buffer.byteLength(body)),
    "content-type": JSON_CONTENT_TYPE,
    host: HOST,
    "x-amz-content-sha256": payloadHash,
    "x-amz-date": amzDate,
    "x-amz-target": batchMeterUsage.target,
    "x-amz-user-agent": "aws-sdk-js/3.1138.0",
  };
  const signedHeaders = Object.keys(signed);
  const headers = new Map(Object.entries(signed).map(([name, value]) => [name, [value]]));
  const canonical = canonicalRequest({ method: "POST", path: "/", query: "", headers, signedHeaders, payloadHash });
  const signatureHex = signature(hashes, signingKeyOf(scope), stringToSign(hashes, amzDate, scope, canonical));
  const lines = [
    "POST / HTTP/1.1",
    ...Object.entries(signed).map(([name, value]) => `${name}: ${value}`),
    `authorization: ${ALGORITHM} Credential=${ACCESS_KEY_ID}/${scopeText(scope)}, SignedHeaders=${signedHeaders.join(";")}, Signature=${signatureHex}`,
    "user-agent: aws-sdk-js/3.1138.0 ua/2.1 os/linux lang/js md/nodejs#24.21.0 api/marketplace-metering#3.1138.0 m/N,E,e",
    "Connection: keep-alive",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n${body}`);
}

function buyerId(i: number): string {
  return String(200_000_000_000 + i);
}

export function customerName(i: number): string {
  return `cust${String(i).padStart(7, "0")}`;
}

function dimensionName(i: number): string {
  return `usage_kind_${String(i).padStart(2, "0")}`;
}

function range(length: number): number[] {
  return Array.from({ length }, (_, i) => i);
}
