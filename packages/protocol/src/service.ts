/** Names that fix where a request goes and how it is signed. Source: the service model's metadata. */

export const SERVICE_ID = "Marketplace Metering";
export const SIGNING_NAME = "aws-marketplace";
export const METERING_TARGET_PREFIX = "AWSMPMeteringService";
export const JSON_CONTENT_TYPE = "application/x-amz-json-1.1";
/** Prefix of the IAM actions, `aws-marketplace:BatchMeterUsage` and so on (not `meteringmarketplace`). */
export const IAM_ACTION_PREFIX = "aws-marketplace";
