/**
 * Credentials of ECS tasks: each task has an address, `AWS_CONTAINER_CREDENTIALS_FULL_URI`, and an authorization token that
 * opens no other address. The token is computed from the secrets key, so it is not kept. Rule C8.
 */
import { timingSafeEqual } from "node:crypto";
import type { Sealer } from "../identity/seal.ts";
import type { WireResponse } from "../listener/message.ts";
import type { ResourceCredentials } from "./resource-credentials.ts";

export const CONTAINER_CREDENTIALS_PATH = "/workload/credentials/";

export function containerToken(sealer: Sealer, resourceId: string): string {
  return sealer.derive(`container credentials of ${resourceId}`).toString("base64url");
}

interface ContainerRequest {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

/** Answers a request for credentials. Without the right token nobody learns which tasks exist. */
export async function containerResponse(
  { method, path, authorization }: ContainerRequest,
  sealer: Sealer,
  credentials: ResourceCredentials,
): Promise<WireResponse> {
  if (method !== "GET") return failure(405, "MethodNotAllowed", "Credentials are asked for by GET.");
  const resourceId = path.slice(CONTAINER_CREDENTIALS_PATH.length);
  if (!/^ecs-[0-9a-f]{32}$/.test(resourceId)) return failure(404, "NotFound", "There is no such address.");
  if (authorization === undefined) {
    return failure(401, "Unauthorized", "The Authorization header is missing (AWS_CONTAINER_AUTHORIZATION_TOKEN).");
  }
  if (!isSame(authorization, containerToken(sealer, resourceId))) {
    return failure(403, "Forbidden", "The authorization token is not the one of this address.");
  }
  const resource = await credentials.live(resourceId, "ecs");
  if (resource === undefined) return failure(404, "ResourceNotFound", "The task is not known, or has stopped.");
  const issued = credentials.issue(resource);
  if (issued === undefined) return failure(404, "RoleNotFound", "The task's role is not known.");
  const { accountId, roleName } = resource;
  return json(200, { ...issued, RoleArn: `arn:aws:iam::${accountId}:role/${roleName}`, AccountId: accountId });
}

/** The official SDK for JavaScript reads the members with capital letters; the reference guide documents the others. */
function failure(status: number, code: string, message: string): WireResponse {
  return json(status, { code, message, Code: code, Message: message });
}

function json(status: number, body: object): WireResponse {
  const headers = { "Content-Type": "application/json", "Cache-Control": "no-store" };
  return { status, headers, body: JSON.stringify(body) };
}

function isSame(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}
