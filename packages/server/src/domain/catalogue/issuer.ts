/** Who issues web-identity tokens that are believed, and where the keys to verify them come from. */
export interface Issuer {
  /** As tokens name it. */
  readonly issuer: string;
  /** A JSON Web Key Set on this machine. Either this, or a URL. */
  readonly jwksFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
  /** Certificates, in PEM, by which the URL's server is believed beside the well-known ones. */
  readonly caFile?: string | undefined;
  /** Where its cluster runs, unless its name says so. */
  readonly region?: string | undefined;
}

const EKS_ISSUER = /^https:\/\/oidc\.eks\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?\//;
const DEFAULT_REGION = "us-east-1";

/** Where the pods that it vouches for run. Rule C5. */
export function regionOf({ issuer, region }: Issuer): string {
  return EKS_ISSUER.exec(issuer)?.[1] ?? region ?? DEFAULT_REGION;
}

/** What IAM would call it in an account. */
export function providerArn(accountId: string, { issuer }: Issuer): string {
  return `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace(/^https?:\/\//, "")}`;
}
