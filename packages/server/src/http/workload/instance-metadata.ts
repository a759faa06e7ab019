/**
 * The instance metadata service of one EC2 instance, version 2: what an SDK asks it for, and what the instance identity
 * document tells. Version 1 gives credentials to whoever can make a program send a GET, and is not served. Rule C9.
 */
import { inForce } from "../../domain/agreement.ts";
import type { CatalogueView } from "../../domain/catalogue.ts";
import type { MeteredResource } from "../../domain/metered-resource.ts";
import type { Sealer } from "../../identity/seal.ts";
import type { EpochMs } from "@countinghouse/protocol";
import type { WireResponse } from "../wire-message.ts";
import { toSeconds, type ResourceCredentials } from "./resource-credentials.ts";

const PURPOSE = "instance-metadata-token";
const TOKEN_CHARACTERS_MAX = 512;
const LIFETIME_SECONDS_MAX = 21_600;
const LIFETIME_HEADER = "x-aws-ec2-metadata-token-ttl-seconds";
const CREDENTIALS_PATH = "iam/security-credentials/";

export interface MetadataRequest {
  readonly method: string;
  readonly path: string;
  header(name: string): string | undefined;
}

export interface InstanceMetadataOptions {
  readonly catalogue: () => CatalogueView;
  readonly sealer: Sealer;
  readonly credentials: ResourceCredentials;
  readonly nowMs: () => EpochMs;
  readonly wallMs: () => EpochMs;
}

export function metadataResponse(
  resourceId: string,
  request: MetadataRequest,
  options: InstanceMetadataOptions,
): WireResponse {
  const { method, path } = request;
  if (method === "PUT" && path === "/latest/api/token") return tokenResponse(resourceId, request, options);
  if (method !== "GET") return text(405, "Method Not Allowed");
  if (!isToken(resourceId, request.header("x-aws-ec2-metadata-token"), options)) return text(401, "Unauthorized");
  const resource = options.credentials.live(resourceId, "ec2");
  if (resource === undefined) return text(404, "Not Found");
  if (path === "/latest/dynamic/instance-identity/document") return json(identityDocument(resource, options));
  const [, item] = /^\/latest\/meta-data\/(.*)$/.exec(path) ?? [];
  return (item === undefined ? undefined : metadataItem(resource, item, options)) ?? text(404, "Not Found");
}

/** A forwarded request comes from somewhere else, through a proxy that was talked into it. */
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

function metadataItem(
  resource: MeteredResource,
  item: string,
  { credentials }: InstanceMetadataOptions,
): WireResponse | undefined {
  if (item === "instance-id") return text(200, resource.externalId);
  if (item === "placement/region") return text(200, resource.region);
  if (item === "placement/availability-zone") return text(200, zoneOf(resource));
  const role = credentials.roleOf(resource);
  if (role === undefined) return undefined;
  if (item === "iam/info") {
    const InstanceProfileArn = `arn:aws:iam::${resource.accountId}:instance-profile/${role}`;
    return json({ Code: "Success", LastUpdated: credentials.now(), InstanceProfileArn });
  }
  if (item === CREDENTIALS_PATH || `${item}/` === CREDENTIALS_PATH) return text(200, role);
  if (item !== CREDENTIALS_PATH + role) return undefined;
  return json({
    Code: "Success",
    LastUpdated: credentials.now(),
    Type: "AWS-HMAC",
    ...credentials.issue(resource),
  });
}

/** What is known here of what the document of a real instance holds. */
function identityDocument(resource: MeteredResource, { catalogue, nowMs }: InstanceMetadataOptions): object {
  const { accountId, externalId, region, startedAtMs } = resource;
  const held = catalogue();
  const productCodes = held
    .list("agreement")
    .filter((agreement) => agreement.customerAccountId === accountId && inForce(agreement, nowMs()))
    .map(({ productCode }) => productCode)
    .filter((productCode) => held.product(productCode)?.type === "ami");
  return {
    accountId,
    availabilityZone: zoneOf(resource),
    instanceId: externalId,
    marketplaceProductCodes: productCodes.length === 0 ? null : [...new Set(productCodes)],
    pendingTime: toSeconds(startedAtMs),
    region,
    version: "2017-09-30",
  };
}

/** Which zone is not known: the first one of its region. */
function zoneOf({ region }: MeteredResource): string {
  return `${region}a`;
}

function text(status: number, body: string): WireResponse {
  return { status, headers: { "Content-Type": "text/plain" }, body };
}

function json(body: object): WireResponse {
  return { status: 200, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body, null, 2) };
}
