/** The wire contract, name by name. */
export { errorCatalogue, type ErrorName, type ErrorRow, type Retry } from "./errors.ts";
export { decoderOf, type Decoded, type DecodeRefusal, type OtherValues } from "./json/decode.ts";
export { encoderOf, writableOf, type WrittenValues } from "./json/encode.ts";
export { UnreadableAnswer, answerReaderOf } from "./json/read-answer.ts";
export { printable } from "./printable.ts";
export { HIDDEN, withoutSecretsOf } from "./json/without-secrets.ts";
export {
  ALLOCATIONS_MAX,
  BATCH_METER_USAGE_CLOSED,
  BATCH_RECORDS_MAX,
  ENTITLEMENTS_PAGE_MAX,
  EVENTS_PAGE_MAX,
  FINAL_METERING_SECONDS,
  HOUR_MS,
  INTEGER_MAX,
  INTEGER_MIN,
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
export {
  entitlementFilterKeys,
  getEntitlements,
  type CustomerEntitlement,
  type EntitlementFilter,
  type EntitlementFilterKey,
  type EntitlementValue,
  type GetEntitlementsInput,
  type GetEntitlementsOutput,
} from "./operations/get-entitlements.ts";
export {
  lookupAttributeKeys,
  lookupEvents,
  type FoundEvent,
  type LookupAttributeKey,
  type LookupEventsInput,
  type LookupEventsOutput,
} from "./operations/lookup-events.ts";
export {
  DRY_RUN_RECORD_ID,
  meterUsage,
  type MeterUsageInput,
  type MeterUsageOutput,
} from "./operations/meter-usage.ts";
export {
  givesRecordsBack,
  namesProduct,
  operationNames,
  refusalOrderOf,
  type AnyOperation,
  type Operation,
  type OperationNames,
} from "./operations/operation.ts";
export { awsRequestQuotas, operations } from "./operations/operations.ts";
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
export {
  allocationFault,
  bucketFault,
  bucketText,
  sumFault,
  tagKeyFault,
  type AllocationFault,
} from "./rules/allocation-fault.ts";
export {
  conditionKeys,
  conditionOperators,
  type ConditionKey,
  type ConditionOperatorName,
} from "./rules/policy-conditions.ts";
export {
  operationsOf,
  productTypes,
  type OperationName,
  type Pricing,
  type ProductType,
} from "./rules/product-operations.ts";
export { metersItself } from "./rules/metering-regions.ts";
export { ruleBook, type RuleId } from "./rules/rule-book.ts";
export { awsRegions } from "./rules/aws-regions.ts";
export { REGIONS_WORTH_MAX, type RequestQuota } from "./rules/request-quotas.ts";
export type { Period, Rule } from "./rules/rule.ts";
export {
  AHEAD_SECONDS_MAX,
  ruleSets,
  type AcceptanceWindow,
  type RuleSet,
  type RuleSetName,
} from "./rules/rule-sets.ts";
export {
  ageFault,
  aheadFault,
  monthEndFault,
  windowFault,
  type WindowCheck,
  type WindowFault,
} from "./rules/window-fault.ts";
export {
  CBOR_CONTENT_TYPE,
  JSON_CONTENT_TYPE,
  RPC_V2_CBOR,
  SERVICE_ID,
  SERVICE_TIME_HEADER,
  SMITHY_PROTOCOL_HEADER,
  entitlementService,
  meteringService,
  trailService,
  type Service,
} from "./service.ts";
export { STS, stsErrorCatalogue, type StsErrorName, type StsErrorRow, type StsOperationName } from "./sts.ts";
export type { EpochMs, Shape, StructureShape } from "./shapes.ts";
export { formatAmzDate, parseAmzDate, parseAuthorization, type AuthorizationParts } from "./sigv4/authorization.ts";
export {
  canonicalHeaderValue,
  canonicalPath,
  canonicalQuery,
  canonicalRequest,
  encodeRfc3986,
  isDecodable,
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
export {
  DURATION_EXPECTED,
  DURATION_SECONDS_MAX,
  MONTH_EXPECTED,
  TIME_EXPECTED,
  TIME_PATTERN,
  iso,
  isoSecond,
  readDay,
  readDuration,
  readMonth,
  readTime,
  readWhole,
  timeOf,
} from "./written-values.ts";
