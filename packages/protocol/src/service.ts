/** Names that fix where a request goes, how it is signed and what permits it. Source: the service models' metadata. */

/** A service whose operations are served here: the names that its operations share. */
export interface Service {
  /** What `X-Amz-Target` begins with. It may hold full stops: the operation's name stands behind the last one. */
  readonly targetPrefix: string;
  /** Some clients send another one, being made from another model of the same service. */
  readonly otherTargetPrefix?: string;
  /** Of its shapes, errors among them, in its Smithy model. */
  readonly namespace: string;
  /** The service's name in the scope of a signature. */
  readonly signingName: string;
  /** What the names of its IAM actions begin with. */
  readonly actionPrefix: string;
  /** What audit events call it. Rule V8. */
  readonly eventSource: string;
}

/** Its IAM actions are `aws-marketplace:BatchMeterUsage` and so on (not `meteringmarketplace`). */
export const meteringService: Service = {
  targetPrefix: "AWSMPMeteringService",
  namespace: "com.amazonaws.marketplacemetering",
  signingName: "aws-marketplace",
  actionPrefix: "aws-marketplace",
  eventSource: "metering-marketplace.amazonaws.com",
};

export const entitlementService: Service = {
  targetPrefix: "AWSMPEntitlementService",
  namespace: "com.amazonaws.marketplaceentitlementservice",
  signingName: "aws-marketplace",
  actionPrefix: "aws-marketplace",
  eventSource: "entitlement-marketplace.amazonaws.com",
};

/** CloudTrail, of which one operation is served: the one that looks events up. */
export const trailService: Service = {
  targetPrefix: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
  /** botocore and the AWS CLI send the long one; the SDK for JavaScript 3, made from the Smithy model, this one. */
  otherTargetPrefix: "CloudTrail_20131101",
  namespace: "com.amazonaws.cloudtrail",
  signingName: "cloudtrail",
  actionPrefix: "cloudtrail",
  eventSource: "cloudtrail.amazonaws.com",
};

/** Of a server in lab mode, on every answer on the wire: the service clock's time, ISO 8601 in UTC with milliseconds. */
export const SERVICE_TIME_HEADER = "x-countinghouse-service-time";

export const SERVICE_ID = "Marketplace Metering";
export const JSON_CONTENT_TYPE = "application/x-amz-json-1.1";
export const CBOR_CONTENT_TYPE = "application/cbor";

/** Says which protocol a request, and its answer, is in. Source: Smithy RPC v2 CBOR. */
export const SMITHY_PROTOCOL_HEADER = "smithy-protocol";
export const RPC_V2_CBOR = "rpc-v2-cbor";
