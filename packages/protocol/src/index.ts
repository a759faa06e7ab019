/** The wire contract, name by name. */
export { errorCatalogue, type ErrorName, type ErrorRow, type Retry } from "./errors.ts";
export { decoderOf, type Decoded, type DecodeRefusal } from "./json/decode.ts";
export { encoderOf } from "./json/encode.ts";
export { UnreadableAnswer, answerReaderOf } from "./json/read-answer.ts";
export {
  ALLOCATIONS_MAX,
  BATCH_RECORDS_MAX,
  HOUR_MS,
  QUANTITY_MAX,
  REQUEST_BYTES_LIMIT,
  TAGS_MAX,
  VIOLATIONS_MAX,
} from "./limits.ts";
export {
  batchMeterUsage,
  type BatchMeterUsageInput,
  type BatchMeterUsageOutput,
  type UsageRecordResult,
  type UsageRecordStatus,
} from "./operations/batch-meter-usage.ts";
export { meterUsage, type MeterUsageInput, type MeterUsageOutput } from "./operations/meter-usage.ts";
export type { Operation } from "./operations/operation.ts";
export { registerUsage, type RegisterUsageInput, type RegisterUsageOutput } from "./operations/register-usage.ts";
export {
  resolveCustomer,
  type ResolveCustomerInput,
  type ResolveCustomerOutput,
} from "./operations/resolve-customer.ts";
export {
  productCodeShape,
  usageRecordShape,
  type Tag,
  type UsageAllocation,
  type UsageRecord,
} from "./operations/usage-record.ts";
export { allocationFault, bucketText, type AllocationFault } from "./rules/allocation-fault.ts";
export { ruleBook, type Rule, type RuleId } from "./rules/rule-book.ts";
export { ruleSets, type AcceptanceWindow, type RuleSet, type RuleSetName } from "./rules/rule-sets.ts";
export { windowFault, type WindowFault } from "./rules/window-fault.ts";
export { IAM_ACTION_PREFIX, JSON_CONTENT_TYPE, METERING_TARGET_PREFIX, SERVICE_ID, SIGNING_NAME } from "./service.ts";
export type { EpochMs, Shape, StructureShape } from "./shapes.ts";
export { formatAmzDate, parseAmzDate, parseAuthorization, type AuthorizationParts } from "./sigv4/authorization.ts";
export {
  canonicalHeaderValue,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  encodeRfc3986,
  type CanonicalRequestInput,
} from "./sigv4/canonical-request.ts";
export {
  ALGORITHM,
  TERMINATOR,
  scopeText,
  signature,
  signingKey,
  signingKeyTexts,
  stringToSign,
  stringToSignOf,
  type CredentialScope,
  type SigningHashes,
} from "./sigv4/signature.ts";
