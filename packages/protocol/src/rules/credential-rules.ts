/** The rule book's rules of session credentials: who gets them, what they are good for, and until when. */
import { ALWAYS, DESIGN, OURS, type Rule } from "./rule.ts";

export type CredentialRuleId = "C1" | "C2" | "C3" | "C4" | "C5" | "C6" | "C7" | "C8" | "C9";

const STS_MODEL = "service model and API reference, AWS STS 2011-06-15";
const EC2_GUIDE = "EC2 user guide, instance metadata and instance identity documents";
const ECS_GUIDE = "ECS developer guide, task roles; container credentials of the SDKs and tools reference guide";

export const credentialRules: Readonly<Record<CredentialRuleId, Rule>> = {
  C1: {
    text: "A session token was issued here, for the access key that it comes with and a role that is still there (otherwise UnrecognizedClientException), and has not expired by the wall clock (otherwise ExpiredTokenException).",
    source:
      "recordings of other AWS JSON 1.1 services; MeterUsage itself was seen to answer UnrecognizedClientException",
    inForce: ALWAYS,
    reading:
      "A token carries all that is needed to verify it, sealed; nothing of it is kept. A signature that is wrong is told before an expiry.",
  },
  C2: {
    text: "A session may do what its role's policy allows when it calls, for the role's account.",
    source: "IAM user guide, policies and permissions",
    inForce: ALWAYS,
    reading: "As for users (Rule N3): a role of the catalogue without a policy may do whatever is served here.",
  },
  C3: {
    text: "A web identity token is a JSON Web Token of at most 20,000 characters, signed with RS, PS or ES at 256, 384 or 512 bits by a key of its issuer; it has exp, sub and aud, and its exp and nbf hold by the wall clock, give or take 5 minutes.",
    source: `${STS_MODEL}; OpenID Connect Core 1.0`,
    inForce: ALWAYS,
    reading:
      "One that has expired is refused with ExpiredTokenException, one that is not valid yet with IDPRejectedClaim, and any other with InvalidIdentityToken. The tolerance is ours; none is documented.",
  },
  C4: {
    text: "A role is assumed by web identities that it trusts: an entry of its webIdentity has the token's issuer, one of its audiences, and its subject, in which * and ? stand for any text and any character; otherwise AccessDenied, as for a role that does not exist.",
    source: `${STS_MODEL}; IAM user guide, StringLike`,
    inForce: ALWAYS,
    reading:
      "In IAM the audience is a list of the provider's and may be a condition of the role; here it is the latter.",
  },
  C5: {
    text: "A web identity token names its pod (kubernetes.io, pod, uid); the session is that pod's, and a pod that was not known is known from then on. A token without a pod is refused with InvalidIdentityToken, one of a pod in another account with AccessDenied.",
    source: `${DESIGN}; the service meters by the pod and knows it by means of its own`,
    inForce: OURS,
    reading:
      "The pod's region is the one in the issuer's name at EKS, else the one that the catalogue gives the issuer, else us-east-1.",
  },
  C6: {
    text: "AssumeRoleWithWebIdentity is not signed; it names a role's ARN and a session (2 to 64 letters, digits and +=,.@_-), and may ask for 900 to 43,200 seconds; without, it is 3,600. Anything else is refused with ValidationError.",
    source: STS_MODEL,
    inForce: ALWAYS,
    reading:
      "Session policies are refused, too: to issue credentials that ignore them would give more than was asked for. GetCallerIdentity is signed, for sts, and needs no permission. A form has at most 65,536 bytes and 32 parameters.",
  },
  C7: {
    text: "The keys of an issuer come from the file or the URL that the catalogue gives for it, and for any other issuer nothing is read or fetched; an answer that is late, redirected, too large or no key set, or a file that cannot be read, gives InvalidIdentityToken.",
    source: `${DESIGN}; the error: ${STS_MODEL}`,
    inForce: OURS,
    reading:
      "The model has IDPCommunicationError for an identity provider that cannot be reached, which SDKs send again; callers of the service were told InvalidIdentityToken, Couldn't retrieve verification key from your identity provider (aws/aws-cli#7194, aws/aws-sdk-js-v3#3052, awslabs/aws-sdk-rust#827, aws/aws-sdk-php#1725), which they do not. So no case of the former is left here. A key that is not known makes the keys be read again, a file's at most once a second and a URL's at most once in 5 seconds; a file's keys are held for 10 seconds, a URL's for 10 minutes.",
  },
  C8: {
    text: "A live ECS task with a role gets credentials at an address of its own, for an authorization token that is good for no other.",
    source: ECS_GUIDE,
    inForce: ALWAYS,
    reading: "They last 6 hours, as a task's do. What the address answers to others follows what SDKs report.",
  },
  C9: {
    text: "A live EC2 instance has a metadata service of its own, in version 2 only: every read needs a token, which a PUT with a lifetime of 1 to 21,600 seconds gives, and a forwarded PUT does not.",
    source: EC2_GUIDE,
    inForce: ALWAYS,
    reading:
      "It listens on loopback, at a port that changes with each start. It has what is known here: the instance's id, placement and role, its product codes, and the instance identity document, which is not signed. Every version it can be asked for in (1.0 to latest) answers the same.",
  },
};
