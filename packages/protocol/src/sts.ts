/**
 * AWS STS, of which two operations are served: the names by which requests ask for them, and its errors. It uses the AWS query
 * protocol: forms in, XML out. Source: AWS STS API reference, 2011-06-15.
 */

export const STS = {
  version: "2011-06-15",
  namespace: "https://sts.amazonaws.com/doc/2011-06-15/",
  signingName: "sts",
  eventSource: "sts.amazonaws.com",
  operations: ["AssumeRoleWithWebIdentity", "GetCallerIdentity"],
} as const;

export type StsOperationName = (typeof STS.operations)[number];

export interface StsErrorRow {
  readonly status: number;
  readonly fault: "client" | "server";
  readonly meaning: string;
}

export type StsErrorName =
  | "AccessDenied"
  | "ExpiredToken"
  | "ExpiredTokenException"
  | "IDPRejectedClaim"
  | "IncompleteSignature"
  | "InternalFailure"
  | "InvalidAction"
  | "InvalidClientTokenId"
  | "InvalidIdentityToken"
  | "MissingAuthenticationToken"
  | "SignatureDoesNotMatch"
  | "Throttling"
  | "ValidationError";

const sender = (status: number, meaning: string): StsErrorRow => ({ status, fault: "client", meaning });

export const stsErrorCatalogue: Readonly<Record<StsErrorName, StsErrorRow>> = {
  AccessDenied: sender(403, "The role is unknown, or does not trust this identity."),
  ExpiredToken: sender(403, "The session of the caller has expired."),
  ExpiredTokenException: sender(400, "The web identity token has expired."),
  IDPRejectedClaim: sender(403, "The web identity token is not valid yet."),
  IncompleteSignature: sender(400, "The signature lacks a part, or a part is malformed."),
  InternalFailure: { status: 500, fault: "server", meaning: "Trouble on the service's side." },
  InvalidAction: sender(400, "No such operation."),
  InvalidClientTokenId: sender(403, "The access key or the session token is unknown."),
  InvalidIdentityToken: sender(
    400,
    "The web identity token cannot be verified, its issuer's keys cannot be read, or it lacks a claim.",
  ),
  MissingAuthenticationToken: sender(403, "The request is not signed."),
  SignatureDoesNotMatch: sender(403, "The signature does not match, or its time or scope is wrong."),
  Throttling: sender(400, "Too many requests at once. Slow down, then send the same."),
  ValidationError: sender(400, "A parameter is missing, or violates a constraint."),
};
