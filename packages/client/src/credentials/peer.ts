/** Profiles whose credentials need more than this package has: the official chain resolves them, if it is installed. */
import { credentialsError } from "../outcome.ts";
import type { HttpAgent } from "../platform/platform.ts";
import type { ChainParts } from "./chain-parts.ts";
import type { CredentialsProvider } from "./credentials.ts";

const PEER = "@aws-sdk/credential-provider-node";

/** The parts of the optional package that are used. */
interface Peer {
  readonly defaultProvider: (options: {
    readonly profile: string;
    readonly parentClientConfig: {
      readonly region?: string;
      readonly requestHandler?: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpAgent };
    };
  }) => CredentialsProvider;
}

/** The optional package's own provider for the profile; it asks STS in the client's region. `what` says why it is needed. */
export async function peerProvider({ files, agent, place }: ChainParts, what: string): Promise<CredentialsProvider> {
  const profile = files.profileName;
  let peer: Peer;
  try {
    // The name is not a literal, so that bundlers do not look for a package that most programs do not need.
    const name: string = PEER;
    peer = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as Peer;
  } catch (error) {
    throw credentialsError(
      `The profile "${profile}" gets its credentials by ${what}, which needs the optional package ${PEER}: npm install ${PEER}`,
      error,
    );
  }
  const { region } = await place();
  const parentClientConfig = {
    ...(region === undefined ? {} : { region }),
    ...(agent === undefined ? {} : { requestHandler: { httpAgent: agent, httpsAgent: agent } }),
  };
  return peer.defaultProvider({ profile, parentClientConfig });
}
