/** An issuer whose web-identity tokens are trusted, and where the keys to verify the tokens come from. */
export interface Issuer {
  /** The issuer's name in its tokens. */
  readonly issuer: string;
  /** A JSON Web Key Set in a file of this machine. An issuer has either this or a URL. */
  readonly jwksFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
  /** Certificates, in PEM, that the URL's server may use, besides those of the well-known authorities. */
  readonly caFile?: string | undefined;
  /** The region of the issuer's cluster, where the issuer's name does not say it. */
  readonly region?: string | undefined;
}

const EKS_ISSUER = /^https:\/\/oidc\.eks\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?\//;
const DEFAULT_REGION = "us-east-1";

/** The region of the pods for which the issuer vouches. Rule C5. */
export function regionOf({ issuer, region }: Issuer): string {
  return EKS_ISSUER.exec(issuer)?.[1] ?? region ?? DEFAULT_REGION;
}

/** The ARN that IAM would give the issuer in an account. */
export function providerArn(accountId: string, { issuer }: Issuer): string {
  return `arn:aws:iam::${accountId}:oidc-provider/${issuer.replace(/^https?:\/\//, "")}`;
}
