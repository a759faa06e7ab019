/**
 * The rule book: every rule by which the server accepts or refuses, with its text, its source, and when it held. Where sources
 * are silent or disagree, `reading` says how we read them and why. A refusal names the rule from which it follows.
 */
import { accrualRules, type AccrualRuleId } from "./accrual-rules.ts";
import { agreementRules, type AgreementRuleId } from "./agreement-rules.ts";
import { ALWAYS, DESIGN, OURS, TRAIL_MODEL, type Period, type Rule } from "./rule.ts";
import { credentialRules, type CredentialRuleId } from "./credential-rules.ts";
import { resourceRules, type ResourceRuleId } from "./resource-rules.ts";
import { trailRules, type TrailRuleId } from "./trail-rules.ts";

export type RuleId =
  | "L1" | "L2" | "L3" | "L4" | "L5" | "L6" | "L7"
  | "D1" | "D2" | "D3" | "D4" | "D5" | "D6"
  | "N1" | "N2" | "N3" | "N4"
  | "R1"
  | "P1" | "P2" | "P3"
  | "I1" | "I2" | "I3" | "I4" | "I5" | "I6"
  | "U1"
  | "W1" | "W2" | "W3" | "W4"
  | "A1" | "A2" | "A3" | "A4" | "A5"
  | AgreementRuleId
  | "K1" | "K2" | "K3" | "K4" | "K5" | "K6" | "K7" | "K8"
  | "T1" | "T2" | "T3"
  | "E1" | "E2" | "E3" | "E4" | "E5"
  | TrailRuleId
  | ResourceRuleId
  | CredentialRuleId
  | AccrualRuleId
  | "Q1" | "Q2" | "Q3" | "Q4"
  | "F1"; // prettier-ignore

const MODEL = "service model and API reference, marketplace metering 2016-01-14";
const ENTITLEMENT_MODEL = "service model and API reference, marketplace entitlement 2017-01-11";
const KINESIS = "recordings of another AWS JSON 1.1 service (Kinesis)";
const RPC_V2 = "Smithy RPC v2 CBOR protocol specification and its tests";
const SELLER_GUIDE = "AWS Marketplace seller guide";

/** For rules that came with licences and concurrent agreements. */
const LICENCES: Period = { from: "2026-02-26", before: "there were no licences in a request" };
const QUOTAS = "API reference, service quotas";
const QUOTA_READING =
  "AWS counts for a whole region, a server here for itself alone. A second's worth may come at once, after which it refills evenly. Regions that AWS does not have share one quota, and over all regions an account has ten regions' worth, so that a caller gains nothing by inventing them. Counted once the caller is known, so that strangers use nobody's quota, and before permissions and content, so that a flood of bad requests is bounded too. What is over the quota is not kept in the ledger.";

export const ruleBook: Readonly<Record<RuleId, Rule>> = {
  L1: {
    text: "A request body is smaller than 1,048,576 bytes.",
    source: `${MODEL}: BatchMeterUsage`,
    inForce: ALWAYS,
    reading:
      "A larger body is answered 413 without a body, as Kinesis and DynamoDB do; nothing is known of this service.",
  },
  L2: {
    text: "A BatchMeterUsage request holds at most 25 usage records; none at all is allowed.",
    source: MODEL,
    inForce: ALWAYS,
  },
  L3: { text: "A quantity lies between 0 and 2,147,483,647.", source: MODEL, inForce: ALWAYS },
  L4: { text: "A BatchMeterUsage request is for one product.", source: MODEL, inForce: ALWAYS },
  L5: {
    text: "Every member keeps to the lengths, the range and the pattern of the service model; what does not is named in a ValidationException.",
    source: `${MODEL}; texts: ${KINESIS}`,
    inForce: ALWAYS,
    reading:
      "Lists of structures are printed as objects of the service's own language, which no client can rely on; we print how many there are.",
  },
  L6: {
    text: "Headers are at most 16,384 bytes, a request has arrived within 30 seconds, and no answer goes 30 seconds without its client taking some of it. A connection on which that fails is ended.",
    source: DESIGN,
    inForce: OURS,
  },
  L7: {
    text: "A product has at most 200 dimensions.",
    source: `${SELLER_GUIDE} (older pages say 24)`,
    inForce: ALWAYS,
  },
  D1: {
    text: "A quantity is a whole number within its range; anything else is refused as ValidationException.",
    source: KINESIS,
    inForce: ALWAYS,
    reading:
      "Other services drop the fraction and clamp what is out of range. Usage that is dropped is money lost, and nothing is known of this service, so we refuse.",
  },
  D2: {
    text: "Unknown members are ignored; an explicit null counts as absent.",
    source: `AWS JSON 1.1 protocol; ${RPC_V2}`,
    inForce: ALWAYS,
  },
  D3: {
    text: "Type errors are answered before constraint violations, and name the first one only; violations are named up to ten at once.",
    source: KINESIS,
    inForce: ALWAYS,
  },
  D4: {
    text: "A body is UTF-8 text holding one JSON object; in RPC v2 it is one CBOR map, or empty, which is a map without members.",
    source: `AWS JSON 1.1 protocol; ${KINESIS}; ${RPC_V2}`,
    inForce: ALWAYS,
    reading:
      "A body of more than 64 KiB is looked into only once its signature is good, so that a stranger's JSON costs little; one that is wrong in both is refused for its signature.",
  },
  D5: {
    text: "In CBOR a time is a number of seconds under tag 1, and numbers and strings are read in every form that there is of them. Refused as SerializationException are other tags, a key given twice, text that is not UTF-8, bytes left over, values nested more than 32 deep, and more than 524,288 of them.",
    source: `${RPC_V2}; RFC 8949`,
    inForce: ALWAYS,
    reading:
      "The bounds are ours: no request that is any good comes near them. A number without its tag is no time: what it counts would be a guess. Everything else is read, bounded and refused as it is in JSON, with the same texts.",
  },
  D6: {
    text: "A request whose path ends in /service/{service}/operation/{operation}, or that has a Smithy-Protocol header, is of RPC v2: it has both, the header says rpc-v2-cbor, and there is no X-Amz-Target header (otherwise UnknownOperationException).",
    source: RPC_V2,
    inForce: { from: "2026-04-21", before: "the entitlement service was asked in JSON only" },
    reading:
      "The model lists the protocol for the entitlement service only; we answer metering and LookupEvents in it as well, so that clients that prefer it find it. The code is our choice: the specification says only that such requests are rejected.",
  },
  N1: {
    text: "Every request is signed with Signature Version 4 for the operation's service (aws-marketplace; for LookupEvents cloudtrail, for GetCallerIdentity sts), with a key that is known; only AssumeRoleWithWebIdentity comes unsigned (Rule C6).",
    source: "AWS Signature Version 4 specification; recordings of Kinesis and DynamoDB for codes and texts",
    inForce: ALWAYS,
    reading:
      "What no SDK sends is malformed: two Authorization headers, more than 32 query parameters or 100 signed headers, a path of more than 2,048 characters, a query that is not percent-encoded UTF-8.",
  },
  N2: {
    text: "The time of signing lies within 15 minutes of the wall clock. A request that is signed in its query may be good for less than 15 minutes (X-Amz-Expires), and never for more.",
    source: "recordings of DynamoDB; common errors page of the API reference",
    inForce: ALWAYS,
    reading: "Some services allow 5 minutes. 15 refuses nothing that the service accepts.",
  },
  N3: {
    text: "The caller's policies allow the operation's action (aws-marketplace:<Operation>; cloudtrail:LookupEvents) on resource \"*\", and none denies it; a statement counts where its Condition holds of the request (aws:CurrentTime, aws:PrincipalArn, aws:RequestedRegion, aws:SecureTransport, aws:SourceIp).",
    source:
      "IAM service authorization reference; IAM user guide, policy elements, condition operators and global condition context keys",
    inForce: ALWAYS,
    reading:
      "A user of the catalogue who has no policy at all may do whatever is served here. An IPv6 address without a prefix is one address; four digits alone are a year; aws:CurrentTime is the wall clock; a session's aws:PrincipalArn is its role's. What a policy asks beside these is refused when it is put in, since without it the policy would mean something else.",
  },
  N4: {
    text: "The payload hash is recomputed from the body, and a header that states another one makes the signature wrong. X-Amz-Target, which says what is asked for, is among the signed headers, or the refusal says that it must be.",
    source: `${DESIGN}: a signature must cover what is processed`,
    inForce: OURS,
  },
  R1: {
    text: "BatchMeterUsage is served in the commercial regions and in cn-northwest-1; in GovCloud, the isolated regions and the rest of China it is refused with DisabledApiException.",
    source: "regions page of the API reference",
    inForce: ALWAYS,
    reading:
      "The list of commercial regions grows, so a region that is not known to be left out is served, one of your own naming included.",
  },
  P1: {
    text: "The product exists and was published by the caller's account.",
    source: MODEL,
    inForce: ALWAYS,
  },
  P2: {
    text: "An operation is for products of the types and pricings in the table below: BatchMeterUsage and ResolveCustomer for SaaS products, GetEntitlements for those with a contract; MeterUsage for images and containers with metered dimensions, RegisterUsage for containers that are paid by the hour, free or BYOL.",
    source: `${MODEL}; ${SELLER_GUIDE}`,
    inForce: ALWAYS,
    reading:
      "A container product that RegisterUsage is for has one dimension of kind hours, which names and prices its running time. Without one, as ledgers of earlier versions may have it, its hours are reported as Hours, without a price.",
  },
  P3: {
    text: "A price holds from an hour (UTC) on: the coming hour of the service clock, or a later one that is named. The price, the unit and the pricing of an hour that has begun never change, and what is used in an hour is reported by them, though its dimension be dropped.",
    source: `${DESIGN}; price changes take effect in future, ${SELLER_GUIDE}`,
    inForce: OURS,
    reading:
      "AWS wants notice of an increase, 90 days for most products; here the next hour will do. The first price of a new dimension holds from the beginning, since nothing was metered of it before.",
  },
  I1: {
    text: "A usage record names its customer exactly once: CustomerIdentifier or CustomerAWSAccountId.",
    source: MODEL,
    inForce: { from: "2025-03-25", before: "CustomerIdentifier was the only way" },
    reading: "The error is not documented; InvalidCustomerIdentifierException is the modelled one that fits.",
  },
  I2: { text: "ProductCode is given unless every record carries a LicenseArn.", source: MODEL, inForce: LICENCES },
  I3: {
    text: "ProductCode is left out where records carry a LicenseArn, and CustomerIdentifier does not go with LicenseArn.",
    source: MODEL,
    inForce: LICENCES,
    reading: "One source says such a call is refused, another warns that it bills twice; refusing cannot bill twice.",
  },
  I4: {
    text: "A customer that no agreement with the seller ever named is refused with InvalidCustomerIdentifierException, for the whole batch.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "The model has both an exception and a record status for unknown customers; the status is for known ones (Rule G1).",
  },
  I5: {
    text: "A LicenseArn belongs to an agreement of the record's customer with the caller, and all in one request to one product; otherwise InvalidLicenseException, for the whole batch.",
    source: `${MODEL}; agent toolkit for AWS, metering skill`,
    inForce: LICENCES,
  },
  I6: {
    text: "Usage under a licence lies within the licence's term and is sent within it, the final hour included (Rule G3); otherwise InvalidLicenseException, for the whole batch. A cancelled or suspended licence gives a status instead (Rules G3, G4).",
    source: MODEL,
    inForce: LICENCES,
    reading:
      "A record whose key is already kept is answered from what is kept (Rule K5), so that a retry is never refused.",
  },
  U1: { text: "The product has the dimension, as a metered one.", source: MODEL, inForce: ALWAYS },
  W1: {
    text: "Usage is accepted for 6 hours after the event: refused when older than 21,600 s. One record outside refuses the whole batch.",
    source: `${MODEL}; seller guides of other ages say 1 hour and 24 hours`,
    inForce: { until: "2026-06-30 for BatchMeterUsage" },
    reading:
      "Of the rule set `classic` for both operations, and still of MeterUsage under `current`. The other reading counts whole hours: a program that runs in production sends usage from 6 hours before the start of the current hour on (at 13:30, from 07:00 on), and so up to 59 minutes older than is accepted here (RedHatInsights/rhsm-subscriptions#2641). The documentation's 6 hours after the event are kept to the second.",
  },
  W2: {
    text: "Under `current`, usage of the month before is accepted only until 06:00 UTC on the 1st (refused from 06:00:00 on).",
    source: MODEL,
    inForce: { from: "2026-07-01", before: "the 6 hours of Rule W1 said the same" },
  },
  W3: {
    text: "Usage may lie at most 900 s ahead of the service clock.",
    source: "seller tool kits call future timestamps invalid; the tolerance is undocumented",
    inForce: ALWAYS,
    reading: "The tolerance of the signature's clock, so that a clock good enough to sign is good enough to meter.",
  },
  W4: {
    text: "Under `current`, BatchMeterUsage accepts usage for 24 hours after the event: refused at 86,400 s and older. One record outside refuses the whole batch.",
    source: MODEL,
    inForce: { from: "2026-07-01", before: "Rule W1" },
  },
  A1: { text: "Allocated quantities add up to the record's quantity.", source: MODEL, inForce: ALWAYS },
  A2: {
    text: "No two allocations of a record have the same set of tags; at most one has none.",
    source: SELLER_GUIDE,
    inForce: ALWAYS,
  },
  A3: {
    text: "A record has at most 2,500 allocations.",
    source: MODEL,
    inForce: { from: "2022", before: "at most 500" },
  },
  A4: {
    text: "An allocation has at most 5 tags; more are refused with ValidationException, as any list that is too long.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "The other reading is InvalidTagException, whose description names the number of tags as well. No answer was seen; a framework that holds a request against its model does so before the service sees it.",
  },
  A5: { text: "No two tags of an allocation have the same key.", source: SELLER_GUIDE, inForce: ALWAYS },
  ...agreementRules,
  K1: {
    text: "A metering record's key is its hour (UTC), region, product code or licence ARN, customer as identified in the record, dimension and discriminator.",
    source: `${SELLER_GUIDE}; ${MODEL}`,
    inForce: ALWAYS,
  },
  K2: {
    text: "A usage record equal to the one kept under its key is a replay: Success, with the same metering record id. Equal means the same quantity and the same allocations; the minute within the hour does not count.",
    source: MODEL,
    inForce: ALWAYS,
    reading:
      "One passage of a tool kit says that a record sent again shows DuplicateRecord; the model says that it may be sent again. That allocations count is our reading: a record with another split would otherwise be lost in silence.",
  },
  K3: {
    text: "A usage record that differs from the one kept under its key is a duplicate: DuplicateRecord, and the first one stands.",
    source: MODEL,
    inForce: ALWAYS,
  },
  K4: {
    text: "Records of one request are decided in their order, as if sent one after the other, and answered in that order.",
    source: DESIGN,
    inForce: OURS,
  },
  K5: {
    text: "A record whose key is already kept gets its answer from what is kept, whatever has become of the agreement since. Once the window has closed it is refused like any other.",
    source: `${DESIGN}; ${MODEL}: a request may be sent again`,
    inForce: OURS,
    reading:
      "A seller who lost an answer must be able to learn it. That the window comes first follows the model, where a record outside refuses the whole batch.",
  },
  K6: {
    text: "Each way to say whose usage it is has keys of its own: by CustomerIdentifier, by CustomerAWSAccountId and by LicenseArn. The same usage said in two ways is kept, and billed, twice.",
    source: `${MODEL}: warns of billing twice`,
    inForce: LICENCES,
  },
  K7: {
    text: "The same usage sent to two regions is kept, and billed, twice.",
    source: "agent toolkit for AWS, metering skill: de-duplication is per region",
    inForce: ALWAYS,
  },
  K8: {
    text: "No agreement gives a customer of a product an identifier in hours in which another agreement names that account by another identifier or by none, nor a licence in hours in which another has none, unless it replaces that one (Rule G6) or the customer was named so already.",
    source: `${DESIGN}: the same usage, sent again under the new name, would count twice (Rule K6)`,
    inForce: { from: "2026-12", before: "any agreement could be added beside another" },
    reading:
      "Another licence beside a licence is another agreement, as AWS has several at a time. An end is reckoned with the 900 s of Rule W3, and to the full hour. Names that come together in one change, and hours older than the window, are no conflict.",
  },
  T1: {
    text: "A registration token can be resolved for 4 hours, as often as needed, with the same answer.",
    source: SELLER_GUIDE,
    inForce: ALWAYS,
    reading: "Another section of the guide says about 1 hour; the longer one refuses nothing that the service accepts.",
  },
  T2: {
    text: "A token that was not issued here, or was altered, is refused with InvalidTokenException.",
    source: MODEL,
    inForce: ALWAYS,
  },
  T3: {
    text: "A token is resolved by the account that published the product; others get InvalidTokenException.",
    source: MODEL,
    inForce: ALWAYS,
    reading: "The error for others is undocumented; no access error is modelled for this operation.",
  },
  E1: {
    text: "GetEntitlements shows the entitlements of products that the caller's account published; of any other product it shows none.",
    source: `${ENTITLEMENT_MODEL}; a call with another's product code, answered 200 without entitlements (boto/boto3#1258, 2017)`,
    inForce: ALWAYS,
    reading:
      "Whether the product exists cannot be told from the answer. The ledger entry names this rule, so that a mistyped product code can be found. It is answered in every region here; the service itself has an endpoint in us-east-1 only.",
  },
  E2: {
    text: "Only SaaS products with the pricing `contract` or `contract-with-usage` have entitlements; of any other product GetEntitlements shows none.",
    source: SELLER_GUIDE,
    inForce: ALWAYS,
    reading: "No refusal is documented, and that there are none is true. The ledger entry names this rule.",
  },
  E3: {
    text: "A filter's keys all apply, and of a key's values one is enough; CUSTOMER_IDENTIFIER and CUSTOMER_AWS_ACCOUNT_ID together are refused with InvalidParameterException.",
    source: ENTITLEMENT_MODEL,
    inForce: ALWAYS,
    reading:
      "In 2022 the service was seen to refuse DIMENSION without CUSTOMER_IDENTIFIER (boto/boto3#3520); its description allows each alone, and so do we.",
  },
  E4: {
    text: "An entitlement is shown while its agreement is in force and until it expires, by the service clock; its ExpirationDate is its own end or the agreement's, whichever is earlier.",
    source: ENTITLEMENT_MODEL,
    inForce: ALWAYS,
    reading:
      "That those which have expired are left out is our reading: they are capacity that the customer has no more.",
  },
  E5: {
    text: "A page holds 25 entitlements, or MaxResults where that is less, in the order of agreements and dimensions; a NextToken is good for the caller, product and filter that it was given for, and any other is refused with InvalidParameterException.",
    source: ENTITLEMENT_MODEL,
    inForce: ALWAYS,
    reading:
      "MaxResults may change between pages. A page without entitlements is written as an empty list; the service has been seen to leave it out (boto/boto3#1258, 2017).",
  },
  ...trailRules,
  ...credentialRules,
  ...resourceRules,
  ...accrualRules,
  Q1: {
    text: "When more requests wait than the server holds, those not yet taken in get ThrottlingException and change nothing. So do those with a body of more than 64 KiB for which there is no room. One for whose answer, of more than 64 KiB, there is no room may have been done, and gets InternalServiceErrorException: sent again, it is a replay.",
    source: `${DESIGN}; the code is the one that every SDK retries`,
    inForce: OURS,
  },
  Q2: {
    text: "With quotas in force, each server takes 10 requests a second from an account in a region for each of BatchMeterUsage and MeterUsage; those over the quota get ThrottlingException and change nothing.",
    source: QUOTAS,
    inForce: ALWAYS,
    reading: QUOTA_READING,
  },
  Q3: {
    text: "With quotas in force, each server takes 5 RegisterUsage requests a second from an account in a region; those over the quota get ThrottlingException and change nothing.",
    source: QUOTAS,
    inForce: ALWAYS,
    reading: QUOTA_READING,
  },
  Q4: {
    text: "With quotas in force, each server takes 2 LookupEvents requests a second from an account in a region; those over the quota get ThrottlingException and change nothing.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
    reading: QUOTA_READING,
  },
  F1: {
    text: "Faults on demand exist in a lab only. They hit requests that are signed, permitted and well-formed, and a request that was hit says so in the ledger.",
    source: DESIGN,
    inForce: OURS,
    reading:
      "A request that is refused earlier uses up no fault. One that is throttled or failed is never decided; one that is delayed or left without an answer is.",
  },
};
