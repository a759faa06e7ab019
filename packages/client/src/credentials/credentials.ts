/** Credentials and their providers. The types are those of the official SDK, so that its providers work here. */
import { credentialsError } from "../outcome.ts";

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they expire; absent for long-term keys. */
  readonly expiration?: Date | undefined;
}

/** What a provider learns of the client, in the form of the official SDK's `AwsIdentityProperties`. */
export interface IdentityProperties {
  readonly callerClientConfig?: {
    /** The client's region, whose STS is to be asked. */
    region(): Promise<string>;
  };
}

/**
 * Gives credentials when it is called. The client calls it when it has none, and again before its credentials expire; a
 * provider may give the same ones again. After a provider has thrown, the next call asks it again.
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

/** The expiry of credentials, in milliseconds since the epoch; throws a `CredentialsError` where it is no `Date`. */
export function expiresAtMsOf({ expiration }: AwsCredentials): number {
  if ((expiration ?? undefined) === undefined) return Number.POSITIVE_INFINITY;
  // Not `instanceof`: the date may come from another realm.
  const expiresAtMs = typeof expiration === "object" ? Number(expiration) : Number.NaN;
  if (!Number.isNaN(expiresAtMs)) return expiresAtMs;
  throw credentialsError(`The expiration of credentials must be a valid Date; it is ${String(expiration)}.`);
}
