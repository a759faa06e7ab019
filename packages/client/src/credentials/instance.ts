/**
 * The instance metadata service of EC2, version 2: the credentials of the instance's role, and its region. Version 1 is not
 * used: it gives credentials to anybody who can make a program send a GET.
 */
import { configurationError, credentialsError } from "../outcome.ts";
import { nonEmpty } from "../profile/shared-files.ts";
import type { SourceParts } from "./chain-parts.ts";
import type { AwsCredentials } from "./credentials.ts";
import { askSource, readSourceCredentials, retryOfStatus, type SourceAnswer } from "./http.ts";

const TIMEOUT_MS = 1_000;
const TOKEN_SECONDS = 21_600;
const ROLES = "/latest/meta-data/iam/security-credentials/";
const SOURCE = "The instance metadata service";

export function isInstanceSourceDisabled({ surroundings }: Pick<SourceParts, "surroundings">): boolean {
  return !surroundings.mayBeInstance || surroundings.variable("AWS_EC2_METADATA_DISABLED")?.toLowerCase() === "true";
}

export async function instanceCredentials(parts: SourceParts): Promise<AwsCredentials> {
  const read = await openMetadata(parts);
  const role = ok(await read(ROLES)).trim();
  return readSourceCredentials(ok(await read(ROLES + role)), SOURCE);
}

/** The region of the instance, or undefined where there is no instance. */
export async function instanceRegion(parts: SourceParts): Promise<string | undefined> {
  try {
    const read = await openMetadata(parts);
    return nonEmpty(ok(await read("/latest/meta-data/placement/region")).trim());
  } catch {
    return undefined;
  }
}

async function openMetadata(parts: SourceParts): Promise<(path: string) => Promise<SourceAnswer>> {
  const { transport, world } = parts;
  const base = metadataEndpoint(parts);
  const ask = (
    method: "GET" | "PUT",
    path: string,
    headers: readonly string[],
    attemptsMax: number,
  ): Promise<SourceAnswer> =>
    askSource(
      transport,
      world,
      { method, url: base + path, headers, timeoutMs: TIMEOUT_MS, source: SOURCE },
      attemptsMax,
    );
  // One attempt only: where there is no instance, more would only cost time.
  const token = ok(
    await ask("PUT", "/latest/api/token", ["x-aws-ec2-metadata-token-ttl-seconds", String(TOKEN_SECONDS)], 1),
  );
  return (path) => ask("GET", path, ["x-aws-ec2-metadata-token", token], 3);
}

function metadataEndpoint({ surroundings, files }: SourceParts): string {
  const given =
    nonEmpty(surroundings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT")) ??
    files.profile["ec2_metadata_service_endpoint"];
  if (given !== undefined) return given.replace(/\/$/, "");
  const mode =
    nonEmpty(surroundings.variable("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE")) ??
    files.profile["ec2_metadata_service_endpoint_mode"] ??
    "IPv4";
  if (mode.toLowerCase() === "ipv4") return "http://169.254.169.254";
  if (mode.toLowerCase() === "ipv6") return "http://[fd00:ec2::254]";
  throw configurationError(`The endpoint mode of instance metadata must be IPv4 or IPv6; it is ${mode}.`);
}

function ok({ status, text }: SourceAnswer): string {
  if (status === 200) return text;
  throw credentialsError(`${SOURCE} answered with status ${status}.`, undefined, retryOfStatus(status));
}
