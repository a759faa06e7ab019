/** Who issues web-identity tokens that are believed, and where the keys to verify them come from. */
export interface Issuer {
  /** As tokens name it. */
  readonly issuer: string;
  /** A JSON Web Key Set on this machine. Either this, or a URL. */
  readonly jwksFile?: string | undefined;
  readonly jwksUrl?: string | undefined;
  /** Certificates, in PEM, by which the URL's server is believed beside the well-known ones. */
  readonly caFile?: string | undefined;
}
