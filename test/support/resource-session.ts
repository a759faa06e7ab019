/**
 * Calls of metered resources: a resource is added by the operator API, its credentials are fetched where its programs would
 * fetch them, and a client signs with them.
 */
import { MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { expect } from "vitest";
import type { Served } from "./server.ts";

interface ResourceDraft {
  readonly platform: "ec2" | "ecs";
  readonly externalId: string;
  readonly accountId: string;
  readonly region?: string;
  readonly roleName: string;
  readonly startedAt?: string;
}

export interface SessionCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
}

export interface Session {
  readonly resourceId: string;
  readonly region: string;
  readonly credentials: SessionCredentials;
  /** The official client, in the resource's region or another. */
  client(region?: string): MarketplaceMeteringClient;
}

type Environment = Readonly<Record<string, string | undefined>>;

export async function sessionOf(
  server: Pick<Served, "operator" | "endpoint">,
  { region = "us-east-1", ...draft }: ResourceDraft,
): Promise<Session> {
  const { status, body } = await server.operator("POST", "/resources", { ...draft, region });
  expect(status, JSON.stringify(body)).toBe(201);
  const { resourceId, credentials: environment } = body as { resourceId: string; credentials: Environment };
  const credentials = await (draft.platform === "ec2" ? fromInstance(environment) : fromContainer(environment));
  return {
    resourceId,
    region,
    credentials,
    client: (endpointRegion = region) =>
      new MarketplaceMeteringClient({ endpoint: server.endpoint, region: endpointRegion, credentials, maxAttempts: 1 }),
  };
}

interface Issued {
  readonly AccessKeyId: string;
  readonly SecretAccessKey: string;
  readonly Token: string;
}

async function fromContainer(environment: Environment): Promise<SessionCredentials> {
  const { AWS_CONTAINER_CREDENTIALS_FULL_URI: uri = "", AWS_CONTAINER_AUTHORIZATION_TOKEN: authorization = "" } =
    environment;
  const response = await fetch(uri, { headers: { authorization } });
  return credentialsIn((await response.json()) as Issued);
}

async function fromInstance({
  AWS_EC2_METADATA_SERVICE_ENDPOINT: origin = "",
}: Environment): Promise<SessionCredentials> {
  const latest = `${origin.replace(/\/$/, "")}/latest`;
  const token = await fetch(`${latest}/api/token`, {
    method: "PUT",
    headers: { "x-aws-ec2-metadata-token-ttl-seconds": "21600" },
  });
  const headers = { "x-aws-ec2-metadata-token": await token.text() };
  const roles = `${latest}/meta-data/iam/security-credentials/`;
  const role = await (await fetch(roles, { headers })).text();
  return credentialsIn((await (await fetch(`${roles}${role}`, { headers })).json()) as Issued);
}

function credentialsIn({ AccessKeyId, SecretAccessKey, Token }: Issued): SessionCredentials {
  return { accessKeyId: AccessKeyId, secretAccessKey: SecretAccessKey, sessionToken: Token };
}
