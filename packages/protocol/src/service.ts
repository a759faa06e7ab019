/** Names that fix where a request goes, how it is signed and what permits it. Source: the service models' metadata. */

/** A service with operations that are served here: the names that its operations share. */
export interface Service {
  /** The beginning of `X-Amz-Target`. It may contain full stops: the operation's name follows the last one. */
  readonly targetPrefix: string;
  /** Some clients send this one, because they are made from another model of the same service. */
  readonly otherTargetPrefix?: string;
  /** The namespace of its shapes, errors included, in its Smithy model. */
  readonly namespace: string;
  /** The service's name in the scope of a signature. */
  readonly signingName: string;
  /** The beginning of its IAM actions' names. */
  readonly actionPrefix: string;
  /** The service's name in audit events. Rule V8. */
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

/** CloudTrail, of which one operation is served: LookupEvents. */
export const trailService: Service = {
  targetPrefix: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
  /** botocore and the AWS CLI send the long prefix; the SDK for JavaScript 3, made from the Smithy model, sends this one. */
  otherTargetPrefix: "CloudTrail_20131101",
  namespace: "com.amazonaws.cloudtrail",
  signingName: "cloudtrail",
  actionPrefix: "cloudtrail",
  eventSource: "cloudtrail.amazonaws.com",
};

/** A lab sends it with every answer on the wire: the service clock's time, ISO 8601 in UTC with milliseconds. */
export const SERVICE_TIME_HEADER = "x-countinghouse-service-time";

export const SERVICE_ID = "Marketplace Metering";
export const JSON_CONTENT_TYPE = "application/x-amz-json-1.1";
export const CBOR_CONTENT_TYPE = "application/cbor";

/** Names the protocol of a request and of its answer. Source: Smithy RPC v2 CBOR. */
export const SMITHY_PROTOCOL_HEADER = "smithy-protocol";
export const RPC_V2_CBOR = "rpc-v2-cbor";
