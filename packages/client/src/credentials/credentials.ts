/** Credentials, and where they come from. The shapes are those of the official SDK, so that its providers work here. */

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** When they stop being valid; absent for long-term keys. */
  readonly expiration?: Date | undefined;
}

/**
 * Gives credentials whenever it is asked. The client asks when it has none, and again before those it has expire; one
 * that can only give the same ones may do so.
 */
export type CredentialsProvider = () => AwsCredentials | Promise<AwsCredentials>;

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
