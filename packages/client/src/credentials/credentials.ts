/** Credentials, and where they come from. The shapes are those of the official SDK, so that its providers work here. */
import { credentialsError } from "../outcome.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they stop being valid; absent for long-term keys. */
  readonly expiration?: Date | undefined;
}

/** What a provider is told of the client that asks, in the form of the official SDK's `AwsIdentityProperties`. */
export interface IdentityProperties {
  readonly callerClientConfig?: {
    /** The region the client works in, whose STS is to be asked. */
    region(): Promise<string>;
  };
}

/**
 * Gives credentials whenever it is asked. The client asks when it has none, and again before those it has expire; one
 * that can only give the same ones may do so. One that throws is asked again by the next call.
 */
export type CredentialsProvider = (properties?: IdentityProperties) => AwsCredentials | Promise<AwsCredentials>;

export function isAwsCredentials(value: unknown): value is AwsCredentials {
  return (
    typeof value === "object" &&
    value !== null &&
    "accessKeyId" in value &&
    "secretAccessKey" in value &&
    typeof value.accessKeyId === "string" &&
    typeof value.secretAccessKey === "string"
  );
}

/** The end of credentials, in milliseconds since the epoch; throws a `CredentialsError` for one that is no `Date`. */
export function expiresAtMsOf({ expiration }: AwsCredentials): number {
  if ((expiration ?? undefined) === undefined) return Number.POSITIVE_INFINITY;
  // Not `instanceof`: a date may be another realm's.
  const expiresAtMs = typeof expiration === "object" ? Number(expiration) : Number.NaN;
  if (!Number.isNaN(expiresAtMs)) return expiresAtMs;
  throw credentialsError(`The expiration of credentials must be a valid Date; it is ${String(expiration)}.`);
}
