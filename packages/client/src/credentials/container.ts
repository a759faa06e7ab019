/** Credentials of an ECS task, or of any container that gets an address for them. */
import { credentialsError } from "../outcome.ts";
import { nonEmpty } from "../profile/shared-files.ts";
import type { ChainParts } from "./chain-parts.ts";
import type { AwsCredentials } from "./credentials.ts";
import { askSource, readSourceCredentials, retryOfStatus } from "./http.ts";

const ECS_HOST = "http://169.254.170.2";
const TIMEOUT_MS = 1_000;
const ATTEMPTS_MAX = 4;

export function hasContainerSource({ surroundings }: Pick<ChainParts, "surroundings">): boolean {
  return (
    nonEmpty(surroundings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI")) !== undefined ||
    nonEmpty(surroundings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) !== undefined
  );
}

export async function containerCredentials(parts: ChainParts): Promise<AwsCredentials> {
  const { surroundings, transport, world } = parts;
  const relative = nonEmpty(surroundings.variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
  const url =
    relative === undefined ? (surroundings.variable("AWS_CONTAINER_CREDENTIALS_FULL_URI") ?? "") : ECS_HOST + relative;
  checkUrl(url);
  const token = await authorizationToken(parts);
  const source = `The container credentials endpoint ${url}`;
  const headers = token === undefined ? [] : ["authorization", token];
  const answer = await askSource(
    transport,
    world,
    { method: "GET", url, headers, timeoutMs: TIMEOUT_MS, source },
    ATTEMPTS_MAX,
  );
  const { status, text } = answer;
  if (status !== 200) {
    throw credentialsError(`${source} answered with status ${status}.`, undefined, retryOfStatus(status));
  }
  return readSourceCredentials(text, source);
}

/** The file comes first: its token is replaced while the program runs. */
async function authorizationToken({ surroundings }: ChainParts): Promise<string | undefined> {
  const file = nonEmpty(surroundings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
  const token =
    file === undefined
      ? nonEmpty(surroundings.variable("AWS_CONTAINER_AUTHORIZATION_TOKEN"))
      : // Whoever writes a file by hand ends it with a line break.
        (await surroundings.readText(file))?.replace(/\r?\n$/, "");
  if (file !== undefined && token === undefined) throw credentialsError(`There is no token file ${file}.`);
  if (token !== undefined && /[\r\n]/.test(token)) {
    throw credentialsError("The container authorization token has a line break in it.");
  }
  return token;
}

/** The token is sent only over TLS, to this machine, or to the addresses that serve containers. */
function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const allowed =
    parsed?.protocol === "https:" ||
    (parsed?.protocol === "http:" &&
      (/^127\.\d+\.\d+\.\d+$/.test(parsed.hostname) ||
        ["localhost", "[::1]", "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"].includes(parsed.hostname)));
  if (!allowed) {
    throw credentialsError(
      `AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, a loopback address or one that containers are served from; it is ${url}.`,
    );
  }
}
