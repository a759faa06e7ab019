/**
 * The rule book: every rule by which the server accepts or refuses, with its text and its source. Where sources are
 * silent or disagree, `reading` says which way we took and why. A refusal names the rule it follows from.
 */

export type RuleId =
  | "L1" | "L2" | "L3" | "L4"
  | "D1" | "D2" | "D3" | "D4"
  | "N1" | "N2" | "N3" | "N4"
  | "P1" | "P2"
  | "I1" | "I2" | "I3" | "I4" | "I5"
  | "U1"
  | "W1" | "W2" | "W3"
  | "A1" | "A2" | "A3" | "A4" | "A5"
  | "G1" | "G2"
  | "K1" | "K2" | "K3" | "K4"
  | "T1" | "T2" | "T3"
  | "E1" | "E2" | "E3" | "E4" | "E5"
  | "X1" | "X2"
  | "Q1"; // prettier-ignore

export interface Rule {
  readonly text: string;
  readonly source: string;
  readonly reading?: string;
}

const MODEL = "service model and API reference, marketplace metering 2016-01-14";
const ENTITLEMENT_MODEL = "service model and API reference, marketplace entitlement 2017-01-11";
const KINESIS = "recordings of another AWS JSON 1.1 service (Kinesis)";
const SELLER_GUIDE = "AWS Marketplace seller guide";

export const ruleBook: Readonly<Record<RuleId, Rule>> = {
  L1: {
    text: "A request body is smaller than 1,048,576 bytes.",
    source: `${MODEL}: BatchMeterUsage`,
    reading:
      "A larger body is answered 413 without a body, as Kinesis and DynamoDB do; nothing is known of this service.",
  },
  L2: { text: "A BatchMeterUsage request holds at most 25 usage records; none at all is allowed.", source: MODEL },
  L3: { text: "A quantity lies between 0 and 2,147,483,647.", source: MODEL },
  L4: { text: "A BatchMeterUsage request is for one product.", source: MODEL },
  D1: {
    text: "A quantity is a whole number within its range; anything else is refused as ValidationException.",
    source: KINESIS,
    reading:
      "Other services drop the fraction and clamp what is out of range. Usage that is dropped is money lost, and nothing is known of this service, so we refuse.",
  },
  D2: { text: "Unknown members are ignored; an explicit null counts as absent.", source: "AWS JSON 1.1 protocol" },
  D3: {
    text: "Type errors are answered before constraint violations, and name the first one only; violations are named up to ten at once.",
    source: KINESIS,
  },
  D4: { text: "A body is UTF-8 text holding one JSON object.", source: `AWS JSON 1.1 protocol; ${KINESIS}` },
  N1: {
    text: "Every request is signed with Signature Version 4 for the operation's service (aws-marketplace), with a key that is known.",
    source: "AWS Signature Version 4 specification; recordings of Kinesis and DynamoDB for codes and texts",
  },
  N2: {
    text: "The time of signing lies within 15 minutes of the wall clock.",
    source: "recordings of DynamoDB; common errors page of the API reference",
    reading: "Some services allow 5 minutes. 15 refuses nothing that the service accepts.",
  },
  N3: {
    text: "The caller's policies allow the operation's action (aws-marketplace:<Operation>) on resource \"*\", and none denies it.",
    source: "IAM service authorization reference",
  },
  N4: {
    text: "The payload hash is recomputed from the body, and a header that states another one makes the signature wrong.",
    source: "design: a signature must cover what is processed",
  },
  P1: { text: "The product exists and was published by the caller's account.", source: MODEL },
  P2: { text: "BatchMeterUsage and ResolveCustomer are for SaaS products.", source: `${MODEL}; ${SELLER_GUIDE}` },
  I1: {
    text: "A usage record names its customer exactly once: CustomerIdentifier or CustomerAWSAccountId.",
    source: `${MODEL} (since 2025-03-25)`,
    reading: "The error is not documented; InvalidCustomerIdentifierException is the modelled one that fits.",
  },
  I2: {
    text: "ProductCode is given unless every record carries a LicenseArn.",
    source: `${MODEL} (since 2026-02-26)`,
  },
  I3: {
    text: "ProductCode is left out where records carry a LicenseArn, and CustomerIdentifier does not go with LicenseArn.",
    source: `${MODEL} (since 2026-02-26)`,
    reading: "One source says such a call is refused, another warns that it bills twice; refusing cannot bill twice.",
  },
  I4: {
    text: "A customer that no agreement with the seller ever named is refused with InvalidCustomerIdentifierException, for the whole batch.",
    source: MODEL,
    reading:
      "The model has both an exception and a record status for unknown customers; the status is for known ones (Rule G1).",
  },
  I5: {
    text: "A LicenseArn belongs to an agreement of the record's customer with the caller, and all in one request to one product.",
    source: `${MODEL} (since 2026-02-26)`,
  },
  U1: { text: "The product has the dimension, as a metered one.", source: MODEL },
  W1: {
    text: "Usage is accepted for a limited time after the event: 6 hours under `classic` (refused when older than 21,600 s), 24 hours for BatchMeterUsage under `current` (refused at 86,400 s and older).",
    source: `${MODEL}: 6 hours until June 2026, 24 hours since 2026-07-01`,
    reading: "One record outside refuses the whole batch.",
  },
  W2: {
    text: "Under `current`, usage of the month before is accepted only until 06:00 UTC on the 1st (refused from 06:00:00 on).",
    source: `${MODEL} (since 2026-07-01)`,
  },
  W3: {
    text: "Usage may lie at most 900 s ahead of the service clock.",
    source: "seller tool kits call future timestamps invalid; the tolerance is undocumented",
    reading: "The tolerance of the signature's clock, so that a clock good enough to sign is good enough to meter.",
  },
  A1: { text: "Allocated quantities add up to the record's quantity.", source: MODEL },
  A2: { text: "No two allocations of a record have the same set of tags; at most one has none.", source: SELLER_GUIDE },
  A3: { text: "A record has at most 2,500 allocations.", source: MODEL },
  A4: { text: "An allocation has at most 5 tags.", source: MODEL },
  A5: { text: "No two tags of an allocation have the same key.", source: SELLER_GUIDE },
  G1: {
    text: "The customer has an agreement for the product in force at the time of the call, and had one at the time of the usage; otherwise the record's status is CustomerNotSubscribed.",
    source: MODEL,
    reading:
      "The two may be different agreements, so that a renewal loses no usage; with a licence it is that licence's.",
  },
  G2: { text: "Usage before the agreement's start is not accepted.", source: MODEL },
  K1: {
    text: "A metering record's key is its hour (UTC), region, product code or licence ARN, customer as identified in the record, dimension and discriminator.",
    source: `${SELLER_GUIDE}; ${MODEL}`,
    reading:
      "De-duplication is per region, and the two ways to identify a customer are two spaces, as the model warns.",
  },
  K2: {
    text: "A usage record equal to the one kept under its key is a replay: Success, with the same metering record id. Equal means the same quantity and the same allocations; the minute within the hour does not count.",
    source: MODEL,
    reading: "That allocations count is our reading: a record with another split would otherwise be lost in silence.",
  },
  K3: {
    text: "A usage record that differs from the one kept under its key is a duplicate: DuplicateRecord, and the first one stands.",
    source: MODEL,
  },
  K4: { text: "Records of one request are decided in their order, as if sent one after the other.", source: "design" },
  T1: {
    text: "A registration token can be resolved for 4 hours, as often as needed, with the same answer.",
    source: SELLER_GUIDE,
    reading: "Another section of the guide says about 1 hour; the longer one refuses nothing that the service accepts.",
  },
  T2: {
    text: "A token that was not issued here, or was altered, is refused with InvalidTokenException.",
    source: MODEL,
  },
  T3: {
    text: "A token is resolved by the account that published the product; others get InvalidTokenException.",
    source: MODEL,
    reading: "The error for others is undocumented; no access error is modelled for this operation.",
  },
  E1: {
    text: "GetEntitlements shows the entitlements of products that the caller's account published; of any other product it shows none.",
    source: `${ENTITLEMENT_MODEL}; a call with another's product code, answered 200 without entitlements (boto/boto3#1258, 2017)`,
    reading:
      "Whether the product exists cannot be told from the answer. The ledger entry names this rule, so that a mistyped product code can be found.",
  },
  E2: {
    text: "Only SaaS products with the pricing `contract` or `contract-with-usage` have entitlements; of any other product GetEntitlements shows none.",
    source: SELLER_GUIDE,
    reading: "No refusal is documented, and that there are none is true. The ledger entry names this rule.",
  },
  E3: {
    text: "A filter's keys all apply, and of a key's values one is enough; CUSTOMER_IDENTIFIER and CUSTOMER_AWS_ACCOUNT_ID together are refused with InvalidParameterException.",
    source: ENTITLEMENT_MODEL,
    reading:
      "In 2022 the service was seen to refuse DIMENSION without CUSTOMER_IDENTIFIER (boto/boto3#3520); its description allows each alone, and so do we.",
  },
  E4: {
    text: "An entitlement is shown while its agreement is in force and until it expires, by the service clock; its ExpirationDate is its own end or the agreement's, whichever is earlier.",
    source: ENTITLEMENT_MODEL,
    reading:
      "That those which have expired are left out is our reading: they are capacity that the customer has no more.",
  },
  E5: {
    text: "A page holds 25 entitlements, or MaxResults where that is less, in the order of agreements and dimensions; a NextToken is good for the caller, product and filter that it was given for, and any other is refused with InvalidParameterException.",
    source: ENTITLEMENT_MODEL,
    reading:
      "MaxResults may change between pages. A page without entitlements is written as an empty list; the service has been seen to leave it out (boto/boto3#1258, 2017).",
  },
  X1: {
    text: "MeterUsage is called with the credentials of an EC2 instance, ECS task or EKS pod; any other caller gets CustomerNotEntitledException.",
    source: MODEL,
    reading: "Which error other callers get is undocumented; it is the modelled one that says who may call.",
  },
  X2: {
    text: "RegisterUsage is called from an ECS task or EKS pod; any other caller gets PlatformNotSupportedException.",
    source: MODEL,
  },
  Q1: {
    text: "When more requests wait than the server holds, those not yet taken in get ThrottlingException and change nothing.",
    source: "design; the code is the one that every SDK retries",
  },
};
