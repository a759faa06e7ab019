/** The rule book's rules of metered resources: MeterUsage (M), RegisterUsage (Y), and who may call them (X). */
import { ALWAYS, type Rule } from "./rule.ts";

export type ResourceRuleId =
  | "X1" | "X2"
  | "M1" | "M2" | "M3" | "M4" | "M5" | "M6" | "M7"
  | "Y1" | "Y2" | "Y3" | "Y4" | "Y5" | "Y6" | "Y7"; // prettier-ignore

const MODEL = "service model and API reference, marketplace metering 2016-01-14";
const SELLER_GUIDE = "AWS Marketplace seller guide";
const PREVIEW =
  "The seller's own account is let through at AWS while a product is in preview. There is no preview here: every product is as published, and a seller who tries it out needs an agreement like anybody else.";

export const resourceRules: Readonly<Record<ResourceRuleId, Rule>> = {
  X1: {
    text: "MeterUsage is called with the temporary credentials of an EC2 instance, ECS task or EKS pod that is known and running, in its account; any other caller gets CustomerNotEntitledException.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "Which error other callers get is undocumented; it is the modelled one that says who may call. Bedrock AgentCore, which meters by ClientToken alone, is not served.",
  },
  X2: {
    text: "RegisterUsage is called with the temporary credentials of an ECS task or EKS pod, in its account; at its first call for a product it is known and running. Any other caller gets PlatformNotSupportedException.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "A task that has registered is never refused for its platform again, even if news of its end has come before its last call.",
  },
  M1: {
    text: "MeterUsage is called in the region of the resource, and where its platform is served: EC2 in the commercial regions and GovCloud, ECS in the commercial regions, EKS in 17 named ones; elsewhere InvalidEndpointRegionException.",
    source: `${MODEL}; regions page of the API reference`,
    inForce: ALWAYS,
    reading:
      "The model names the regions of EKS, and they are a list here. Of the others it gives what is left out: a region that is not known to be left out is served, one of your own naming included.",
  },
  M2: {
    text: "The product of MeterUsage exists, whichever account published it; otherwise InvalidProductCodeException.",
    source: MODEL,
    inForce: ALWAYS,
  },
  M3: {
    text: "An AMI product is metered by EC2 instances, a container product by ECS tasks and EKS pods; otherwise InvalidProductCodeException.",
    source: `${MODEL}: usage is once an hour per dimension and instance for AMI products, per task or pod for container products`,
    inForce: ALWAYS,
    reading: "The error is ours to choose: the product code does not match what is published for the platform.",
  },
  M4: {
    text: "A ClientToken stands for one request of one resource: with another product, hour, dimension, quantity or split than those it was kept with it is refused with IdempotencyConflictException, for as long as usage of that hour is accepted. After that it is free again.",
    source: `${MODEL}: IdempotencyConflictException`,
    inForce: { from: "2025-10-21", before: "there was no ClientToken" },
    reading:
      "How long a token lives is undocumented; a retry is of no use after the window. It is kept with the record that was made with it, not with a replay. The minute within the hour does not count, as in Rule M5.",
  },
  M5: {
    text: "A resource meters a dimension of a product once an hour (UTC): the same quantity and allocations again are answered with the same metering record id, whatever the ClientToken; others are refused with DuplicateRequestException, and the first record stands.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "SDKs put a new token on every call, so the hour decides where tokens differ. What is kept is answered from there, whatever has become of the agreement since (as Rule K5 has it). That allocations count is our reading, as in Rule K2.",
  },
  M6: {
    text: "The resource's account has an agreement for the product that is open at the time of the call and one that covers the usage, as Rules G1 to G5 say; otherwise CustomerNotEntitledException.",
    source: `${MODEL}; ${SELLER_GUIDE}: container metering`,
    inForce: ALWAYS,
    reading: `The documentation speaks of CustomerNotSubscribedException, which is on no wire. The final hour of Rule G3 is given here, too, or the last hour of use could not be metered. ${PREVIEW}`,
  },
  M7: {
    text: "With DryRun a request is checked like any other and nothing is metered: one that is refused, for want of the IAM permission too, gets that refusal; any other, a replay included, is answered with the MeteringRecordId DryRunOperation.",
    source: `${MODEL}: MeterUsage, DryRun`,
    inForce: ALWAYS,
    reading:
      "The documentation says that the request returns DryRunOperation, or UnauthorizedException, and models neither. Two public clients that run in production read DryRunOperation from the answer's MeteringRecordId and take every error for a failure (linuxdojo/evon-hub, cloudquery/plugin-sdk), so it is an answer. One of them expects AccessDeniedException without the permission, as permissions are held against a request before the service sees it.",
  },
  Y1: {
    text: "RegisterUsage is called in the region that the task or pod runs in; otherwise InvalidRegionException.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "The documentation refers to a list of regions that grows. None is left out here, so DisabledApiException is not given.",
  },
  Y2: {
    text: "The product of RegisterUsage exists, whichever account published it; otherwise InvalidProductCodeException.",
    source: MODEL,
    inForce: ALWAYS,
  },
  Y3: {
    text: "PublicKeyVersion is one that there is, expired ones included; otherwise InvalidPublicKeyVersionException.",
    source: MODEL,
    inForce: ALWAYS,
    reading: "A container in the field holds the key that was there when it was built, and goes on verifying with it.",
  },
  Y4: {
    text: "At the first call of a task or pod for a product, its account has an agreement for it in force, free and BYOL products included; otherwise CustomerNotEntitledException, and metering does not begin.",
    source: `${MODEL}: free and BYOL products need not call; those that do appear in seller reports`,
    inForce: ALWAYS,
    reading: `AWS Marketplace has buyers subscribe to free and BYOL products, too, and says nothing of an exception. ${PREVIEW}`,
  },
  Y5: {
    text: "Later calls of the task or pod for the product succeed whatever has become of the agreement; metering began with the first one and is not begun again.",
    source: MODEL,
    inForce: ALWAYS,
  },
  Y6: {
    text: "The answer's Signature is a JWT, signed PS256 with the key version that was asked for: header alg and typ, claims productCode, publicKeyVersion, nonce where one was sent, and iat by the wall clock.",
    source: `${SELLER_GUIDE}: the example that verifies it; CloudTrail sample (beginning of the header)`,
    inForce: ALWAYS,
    reading:
      "The guide's prose spells the claims with a capital, its code, by which sellers verify, without. No kid: the caller knows the version it asked for, and the claim says it.",
  },
  Y7: {
    text: "PublicKeyRotationTimestamp is there once a newer key version has taken the place of the one that was asked for, and says when.",
    source: MODEL,
    inForce: ALWAYS,
  },
};
