/**
 * Credentials for a token of an identity provider, as pods on EKS have it, by AssumeRoleWithWebIdentity of AWS STS, which is
 * unsigned. Source: AWS STS API reference, 2011-06-15.
 */
import { isNearby } from "../endpoint/endpoint-url.ts";
import { stsEndpointOf } from "../endpoint/sts-endpoint.ts";
import { credentialsError } from "../outcome.ts";
import { configuredEndpoint } from "../profile/configured-endpoint.ts";
import { nonEmpty } from "../profile/shared-files.ts";
import type { ChainParts } from "./chain-parts.ts";
import type { AwsCredentials } from "./credentials.ts";
import { askSource, retryOfStatus } from "./http.ts";

const TIMEOUT_MS = 10_000;
const ATTEMPTS_MAX = 3;
const SOURCE = "AssumeRoleWithWebIdentity";
/** Refusals of STS that may pass: the identity provider did not answer STS, or STS is asked too often. */
const PASSING: ReadonlySet<string> = new Set(["IDPCommunicationError", "Throttling", "ThrottlingException"]);

interface WebIdentity {
  readonly tokenFile: string;
  readonly roleArn: string;
  readonly sessionName?: string | undefined;
}

/** The environment's web identity; both variables must be set. */
export function webIdentityOfEnvironment({ surroundings }: Pick<ChainParts, "surroundings">): WebIdentity | undefined {
  const tokenFile = nonEmpty(surroundings.variable("AWS_WEB_IDENTITY_TOKEN_FILE"));
  const roleArn = nonEmpty(surroundings.variable("AWS_ROLE_ARN"));
  if (tokenFile === undefined || roleArn === undefined) return undefined;
  return { tokenFile, roleArn, sessionName: nonEmpty(surroundings.variable("AWS_ROLE_SESSION_NAME")) };
}

export async function webIdentityCredentials(parts: ChainParts, identity: WebIdentity): Promise<AwsCredentials> {
  const { surroundings, world } = parts;
  // Read each time, because the token is replaced while the program runs.
  const token = await surroundings.readText(identity.tokenFile);
  if (token === undefined) throw credentialsError(`There is no web identity token file ${identity.tokenFile}.`);
  const form = new URLSearchParams({
    Action: "AssumeRoleWithWebIdentity",
    Version: "2011-06-15",
    RoleArn: identity.roleArn,
    RoleSessionName: identity.sessionName ?? `countinghouse-client-${world.wallMs()}`,
    WebIdentityToken: token.trim(),
  });
  const url = stsEndpointOf(await parts.place(), configuredEndpoint("STS", parts));
  const { status, text } = await askSource(
    isNearby(url) ? parts.transport : parts.transportOut,
    world,
    {
      method: "POST",
      url: url.href,
      headers: ["content-type", "application/x-www-form-urlencoded"],
      body: form.toString(),
      timeoutMs: TIMEOUT_MS,
      source: SOURCE,
    },
    ATTEMPTS_MAX,
  );
  const accessKeyId = element(text, "AccessKeyId");
  const secretAccessKey = element(text, "SecretAccessKey");
  const sessionToken = element(text, "SessionToken");
  const expiration = new Date(element(text, "Expiration") ?? Number.NaN);
  if (status !== 200 || accessKeyId === undefined || secretAccessKey === undefined || sessionToken === undefined) {
    const code = element(text, "Code") ?? `status ${status}`;
    const message = `${SOURCE} for ${identity.roleArn} was refused: ${code}, ${element(text, "Message") ?? ""}`;
    throw credentialsError(message, undefined, PASSING.has(code) ? "transient" : retryOfStatus(status));
  }
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken,
    ...(Number.isNaN(expiration.getTime()) ? {} : { expiration }),
  };
}

/** STS answers with flat XML, and the texts that are read hold no markup. */
function element(xml: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1];
  return text?.replace(/&(amp|lt|gt|quot|apos);/g, (_, entity: keyof typeof ENTITIES) => ENTITIES[entity]);
}

const ENTITIES = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" } as const;
