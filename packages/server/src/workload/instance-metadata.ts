/**
 * The metadata service of one EC2 instance, version 2: what SDKs ask it for, and what the instance identity document holds.
 * Version 1 is not served: it gives credentials to anybody who can make a program send a GET. Rule C9.
 */
import { inForce } from "../domain/catalogue/agreement.ts";
import type { MeteredResource } from "../domain/resources/metered-resource.ts";
import { accountCustomer } from "../domain/metering/metering-record.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Sealer } from "../identity/seal.ts";
import { isoSecond, type EpochMs } from "@countinghouse/protocol";
import type { WireResponse } from "../listener/message.ts";
import { metadataAt, type MetadataFolder, type MetadataItem } from "./metadata-tree.ts";
import type { ResourceCredentials } from "./resource-credentials.ts";

const PURPOSE = "instance-metadata-token";
const TOKEN_CHARACTERS_MAX = 512;
const LIFETIME_SECONDS_MAX = 21_600;
const LIFETIME_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";

export interface MetadataRequest {
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
}

export interface InstanceMetadataOptions {
  readonly ledger: Pick<Ledger, "catalogue">;
  readonly sealer: Sealer;
  readonly credentials: ResourceCredentials;
  readonly nowMs: () => EpochMs;
  readonly wallMs: () => EpochMs;
}

export async function metadataResponse(
  resourceId: string,
  request: MetadataRequest,
  options: InstanceMetadataOptions,
): Promise<WireResponse> {
  const { method, path } = request;
  if (method === "PUT" && path === "/latest/api/token") return tokenResponse(resourceId, request, options);
  if (method !== "GET") return text(405, "Method Not Allowed");
  if (!isToken(resourceId, request.header("x-aws-ec2-metadata-token"), options)) return text(401, "Unauthorized");
  const resource = await options.credentials.live(resourceId, "ec2");
  if (resource === undefined) return text(404, "Not Found");
  const found = metadataAt(path, metadataOf(resource, options));
  return found === undefined ? text(404, "Not Found") : text(200, found);
}

/** A forwarded request is refused: it came from elsewhere, through a proxy that was tricked. */
function tokenResponse(
  resourceId: string,
  request: MetadataRequest,
  { sealer, wallMs }: InstanceMetadataOptions,
): WireResponse {
  if (request.header("x-forwarded-for") !== undefined) return text(403, "Forbidden");
  const lifetime = request.header(LIFETIME_HEADER) ?? "";
  const seconds = /^\d{1,6}$/.test(lifetime) ? Number(lifetime) : 0;
  if (seconds < 1 || seconds > LIFETIME_SECONDS_MAX) return text(400, "Bad Request");
  const token = sealer.seal(JSON.stringify([resourceId, wallMs() + seconds * 1000]), PURPOSE).toString("base64");
  const answer = text(200, token);
  return { ...answer, headers: { ...answer.headers, [LIFETIME_HEADER]: String(seconds) } };
}

function isToken(resourceId: string, token: string | undefined, { sealer, wallMs }: InstanceMetadataOptions): boolean {
  if (token === undefined || token.length > TOKEN_CHARACTERS_MAX) return false;
  const sealed = Buffer.from(token, "base64");
  const opened = sealed.toString("base64") === token ? sealer.open(sealed, PURPOSE) : undefined;
  if (opened === undefined) return false;
  const [ofResource, expiresAtMs] = JSON.parse(opened) as [string, EpochMs];
  return ofResource === resourceId && wallMs() < expiresAtMs;
}

/** What is known of an instance; other paths do not exist. */
function metadataOf(resource: MeteredResource, options: InstanceMetadataOptions): MetadataFolder {
  const codes = productCodesOf(resource, options);
  const role = options.credentials.roleOf(resource);
  const metadata = new Map<string, MetadataFolder | MetadataItem>();
  if (role !== undefined) metadata.set("iam", roleFolder(resource, role, options));
  metadata.set("instance-id", () => resource.externalId);
  const zone: [string, MetadataItem] = ["availability-zone", () => zoneOf(resource)];
  metadata.set("placement", new Map([zone, ["region", () => resource.region]]));
  if (codes.length > 0) metadata.set("product-codes", () => codes.join("\n"));
  const identity: MetadataFolder = new Map([["document", () => json(identityDocument(resource, codes))]]);
  return new Map<string, MetadataFolder>([
    ["dynamic", new Map([["instance-identity", identity]])],
    ["meta-data", metadata],
  ]);
}

function roleFolder(resource: MeteredResource, role: string, { credentials }: InstanceMetadataOptions): MetadataFolder {
  const InstanceProfileArn = `arn:aws:iam::${resource.accountId}:instance-profile/${role}`;
  const known = (): object => ({ Code: "Success", LastUpdated: credentials.now() });
  return new Map<string, MetadataFolder | MetadataItem>([
    ["info", () => json({ ...known(), InstanceProfileArn })],
    [
      "security-credentials",
      new Map([[role, () => json({ ...known(), Type: "AWS-HMAC", ...credentials.issue(resource) })]]),
    ],
  ]);
}

/** The codes of the AMI products for which the instance's account has agreements. */
function productCodesOf({ accountId }: MeteredResource, options: InstanceMetadataOptions): readonly string[] {
  const held = options.ledger.catalogue;
  const isBought = (productCode: string): boolean =>
    held.agreementsOf(productCode, accountCustomer(accountId)).some((agreement) => inForce(agreement, options.nowMs()));
  const images = held.list("product").filter(({ type }) => type === "ami");
  return images.map(({ productCode }) => productCode).filter(isBought);
}

/** The members of a real instance's document that are known here. */
function identityDocument(resource: MeteredResource, productCodes: readonly string[]): object {
  const { accountId, externalId, region, startedAtMs } = resource;
  return {
    accountId,
    availabilityZone: zoneOf(resource),
    instanceId: externalId,
    marketplaceProductCodes: productCodes.length === 0 ? null : productCodes,
    pendingTime: isoSecond(startedAtMs),
    region,
    version: "2017-09-30",
  };
}

/** The zone is not known; this is the first one of the region. */
function zoneOf({ region }: MeteredResource): string {
  return `${region}a`;
}

function text(status: number, body: string): WireResponse {
  return { status, headers: { "Content-Type": "text/plain" }, body };
}

function json(body: object): string {
  return JSON.stringify(body, null, 2);
}
