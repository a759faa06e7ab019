/**
 * The default credential chain, in the official SDK's order: environment, profile, web identity, container, instance. A profile
 * that is chosen by name comes before keys in the environment.
 */
import { credentialsError, meteringErrorOf, type MeteringError } from "../outcome.ts";
import type { Surroundings } from "../platform/platform.ts";
import type { Section } from "../profile/ini.ts";
import { nonEmpty, unreadableNote } from "../profile/shared-files.ts";
import { containerCredentials, hasContainerSource } from "./container.ts";
import type { AwsCredentials, CredentialsProvider } from "./credentials.ts";
import { instanceCredentials, isInstanceSourceDisabled } from "./instance.ts";
import type { ChainParts } from "./chain-parts.ts";
import { peerProvider } from "./peer.ts";
import { webIdentityCredentials, webIdentityOfEnvironment } from "./web-identity.ts";

/**
 * The first source that applies is asked, now and for every renewal; the files themselves are read once. Rejects with
 * `CredentialsError` where no source applies, or where that source fails.
 */
export async function resolveChain(parts: ChainParts): Promise<CredentialsProvider> {
  const { files } = parts;
  const fromEnvironment = environmentCredentials(parts.surroundings);
  if (fromEnvironment !== undefined && !files.chosen) return chosen(parts, "the environment", () => fromEnvironment);
  // A user who names a profile means its account; another source might be for another account.
  if (files.chosen && !files.found) {
    throw credentialsError(`There is no profile "${files.profileName}".${unreadableNote(files)}`);
  }
  const fromProfile = await profileSource(parts);
  if (fromProfile !== undefined) return chosen(parts, `the profile "${files.profileName}"`, fromProfile);
  if (files.chosen && files.unreadable.length > 0) {
    throw credentialsError(
      `The profile "${files.profileName}" has no credentials that can be read.${unreadableNote(files)}`,
    );
  }
  const identity = webIdentityOfEnvironment(parts);
  if (identity !== undefined) return chosen(parts, "web identity", () => webIdentityCredentials(parts, identity));
  if (hasContainerSource(parts)) return chosen(parts, "the container", () => containerCredentials(parts));
  if (isInstanceSourceDisabled(parts)) throw none(parts);
  return chosen(parts, "the instance", async () => {
    try {
      return await instanceCredentials(parts);
    } catch (error) {
      throw none(parts, meteringErrorOf(error, "CredentialsError"));
    }
  });
}

function chosen({ logger }: ChainParts, source: string, provider: CredentialsProvider): CredentialsProvider {
  logger.debug?.(`Credentials come from ${source}.`);
  return provider;
}

function environmentCredentials(surroundings: Surroundings): AwsCredentials | undefined {
  const accessKeyId = nonEmpty(surroundings.variable("AWS_ACCESS_KEY_ID"));
  const secretAccessKey = nonEmpty(surroundings.variable("AWS_SECRET_ACCESS_KEY"));
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const expiration = new Date(nonEmpty(surroundings.variable("AWS_CREDENTIAL_EXPIRATION")) ?? Number.NaN);
  return {
    accessKeyId,
    secretAccessKey,
    sessionToken: nonEmpty(surroundings.variable("AWS_SESSION_TOKEN")),
    ...(Number.isNaN(expiration.getTime()) ? {} : { expiration }),
  };
}

/** The source that a profile names; undefined where it names none. */
async function profileSource(parts: ChainParts): Promise<CredentialsProvider | undefined> {
  const { credentialsProfile: profile } = parts.files;
  const needsPeer = whyPeer(profile);
  if (needsPeer !== undefined) return peerProvider(parts, needsPeer);
  const { aws_access_key_id: accessKeyId, aws_secret_access_key: secretAccessKey } = profile;
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return () => ({ accessKeyId, secretAccessKey, sessionToken: profile["aws_session_token"] });
  }
  const { web_identity_token_file: tokenFile, role_arn: roleArn, role_session_name: sessionName } = profile;
  if (tokenFile !== undefined && roleArn !== undefined) {
    return () => webIdentityCredentials(parts, { tokenFile, roleArn, sessionName });
  }
  if (profile["credential_process"] !== undefined) return peerProvider(parts, "a process (credential_process)");
  if (profile["sso_session"] !== undefined || profile["sso_start_url"] !== undefined) {
    return peerProvider(parts, "single sign-on (sso_…)");
  }
  if (profile["login_session"] !== undefined) return peerProvider(parts, "a sign-in session (login_session)");
  return undefined;
}

/** A role to assume comes before keys in the same profile, as in the official SDK. */
function whyPeer(profile: Section): string | undefined {
  if (profile["role_arn"] === undefined) return undefined;
  const assumes = profile["source_profile"] !== undefined || profile["credential_source"] !== undefined;
  return assumes ? "assuming a role (role_arn)" : undefined;
}

/** The error is final, unless an instance failed in a way that may pass; one that cannot be reached counts as none. */
function none({ files }: ChainParts, cause?: MeteringError): Error {
  const looked = [
    files.chosen ? undefined : "the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY)",
    `the profile "${files.profileName}"`,
    "web identity (AWS_WEB_IDENTITY_TOKEN_FILE)",
    "the container (AWS_CONTAINER_CREDENTIALS_…)",
    cause === undefined ? undefined : `the instance (${cause.message})`,
  ].filter((place) => place !== undefined);
  const reached = (cause?.cause as { readonly maySucceed?: boolean } | undefined)?.maySucceed !== false;
  const retry = reached ? cause?.retry : "never";
  return credentialsError(
    `No credentials were found. Looked in: ${looked.join("; ")}.${unreadableNote(files)}`,
    cause,
    retry,
  );
}
