/** One small exchange with a source of credentials on this machine or beside it. */
import type { Retry } from "@countinghouse/protocol";
import { credentialsError } from "../outcome.ts";
import type { Transport } from "../transport/transport.ts";
import type { World } from "../world.ts";
import type { AwsCredentials } from "./credentials.ts";

interface SourceRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly url: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly timeoutMs: number;
  /** The source's name, for messages. */
  readonly source: string;
}

export interface SourceAnswer {
  readonly status: number;
  readonly text: string;
}

/** Asks a source, and again once or twice where it is in trouble. Rejects with `CredentialsError` where it does not answer. */
export async function askSource(
  transport: Transport,
  world: Pick<World, "delay" | "random">,
  request: SourceRequest,
  attemptsMax: number,
): Promise<SourceAnswer> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const { status, text } = await transport.send({
        method: request.method,
        url: new URL(request.url),
        headers: request.headers ?? [],
        body: request.body ?? "",
        connectTimeoutMs: request.timeoutMs,
        timeoutMs: request.timeoutMs,
        signal: undefined,
      });
      if (status < 500 || attempt >= attemptsMax) return { status, text };
    } catch (error) {
      const message = `${request.source} did not answer: ${String(error)}`;
      if (attempt >= attemptsMax) throw credentialsError(message, error, "transient");
    }
    await world.delay(world.random() * 200 * 2 ** attempt);
  }
}

/** Whether another try makes sense after an answer without credentials. */
export function retryOfStatus(status: number): Retry {
  return status >= 500 || status === 429 ? "transient" : "never";
}

/** Credentials in the form of the container and instance endpoints. */
export function readSourceCredentials(text: string, source: string): AwsCredentials {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw credentialsError(`${source} did not answer with JSON.`, undefined, "transient");
  }
  const found = (typeof json === "object" && json !== null ? json : {}) as Readonly<Record<string, unknown>>;
  const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, Token: sessionToken, Expiration: until } = found;
  const expiration = new Date(typeof until === "string" ? until : Number.NaN);
  if (
    typeof accessKeyId !== "string" ||
    typeof secretAccessKey !== "string" ||
    typeof sessionToken !== "string" ||
    Number.isNaN(expiration.getTime())
  ) {
    const code = typeof found["Code"] === "string" ? ` (${found["Code"]})` : "";
    throw credentialsError(`${source} did not answer with AccessKeyId, SecretAccessKey, Token and Expiration${code}.`);
  }
  return { accessKeyId, secretAccessKey, sessionToken, expiration };
}
