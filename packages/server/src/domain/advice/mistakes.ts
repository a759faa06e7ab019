/** The mistakes that advice names: what each is, what it costs, where that is said, and the right way. */
const MODEL = "service model and API reference, marketplace metering 2016-01-14";
const SELLER_GUIDE = "AWS Marketplace seller guide";

/** A mistake of a seller's program. Nothing of it is refused as such: each of its calls may have succeeded. */
interface Mistake {
  readonly title: string;
  /** What it leads to. */
  readonly harm: string;
  readonly source: string;
  readonly rightWay: string;
}

export type MistakeId =
  | "time-of-sending"
  | "unit-per-event"
  | "new-time-at-retry"
  | "unprocessed-not-sent-again"
  | "rising-duplicates"
  | "two-names"
  | "two-regions"
  | "one-call-a-record"
  | "zero-before-usage"
  | "no-final-record"
  | "token-of-another-account";

export const mistakes: Readonly<Record<MistakeId, Mistake>> = {
  "time-of-sending": {
    title: "Records carry the time of sending",
    harm: "A retry in the next hour is another record, so the customer pays twice.",
    source: `${MODEL}: UsageRecord.Timestamp is the time of the usage; Rule K1`,
    rightWay:
      "Set the timestamp when the usage is summed up, to its hour, keep it with the record, and send the same one again.",
  },
  "unit-per-event": {
    title: "Each event is sent as a record of its own",
    harm: "Records of one customer, dimension and hour are one: all but the first are taken for repetitions or duplicates, and lost.",
    source: `${MODEL}: BatchMeterUsage is idempotent; Rules K1 and K2`,
    rightWay: "Add up the events of an hour, and send the sum once, when the hour is over.",
  },
  "new-time-at-retry": {
    title: "The same quantity is sent again with a new timestamp",
    harm: "In the next hour it is another record, and the customer pays twice. In the same hour it is taken for a repetition, even if it was new usage.",
    source: `${MODEL}: BatchMeterUsage is idempotent for the same records; Rules K1 and K2`,
    rightWay: "Keep the timestamp with the record, and send it again as it was: only then is a retry counted once.",
  },
  "unprocessed-not-sent-again": {
    title: "Unprocessed records are not sent again",
    harm: "Their usage is never billed.",
    source: `${MODEL}: BatchMeterUsage, UnprocessedRecords`,
    rightWay:
      "Send the records in UnprocessedRecords again, unchanged, until the list is empty. The SDKs do not do this.",
  },
  "rising-duplicates": {
    title: "A running total is sent again and again",
    harm: "The first total stands; what was used after it is never billed.",
    source: `${MODEL}: UsageRecordResult.Status; Rule K3`,
    rightWay: "Send an hour's total once, when the hour is over. A record is neither replaced nor added to.",
  },
  "two-names": {
    title: "One usage is sent under two names of its customer",
    harm: "Both are billed.",
    source: `${MODEL}: CustomerIdentifier, CustomerAWSAccountId and LicenseArn; Rules I3 and K6`,
    rightWay:
      "Keep to one name for each customer, and change it at an hour's edge, by an agreement that replaces the old one.",
  },
  "two-regions": {
    title: "One usage is sent to two regions",
    harm: "Both are billed: repetitions are told apart in each region by itself.",
    source: "AWS re:Post and seller reports: de-duplication is per region; Rule K1",
    rightWay: "Send all records of a product to one region, also after a failover.",
  },
  "one-call-a-record": {
    title: "Each record has a call of its own",
    harm: "The quota is used up 25 times as fast, and records wait for it until they are too old.",
    source: `${MODEL}: at most 25 records a request; Rule L2`,
    rightWay: "Put up to 25 records of a product into one request.",
  },
  "zero-before-usage": {
    title: "A zero is sent before the hour's usage is known",
    harm: "The zero stands; the usage is a duplicate, and never billed.",
    source: `${SELLER_GUIDE}: hourly records, of zero where there was no usage; Rule K3`,
    rightWay: "Send a zero only when the hour is over and there was nothing.",
  },
  "no-final-record": {
    title: "No final record after a cancellation",
    harm: "What the customer used last is never billed: an hour after the cancellation nothing is taken any more.",
    source: `${SELLER_GUIDE}: unsubscribe-pending, final metering within the hour; Rule G3`,
    rightWay:
      "Send what was used in the hour of the cancellation, or a zero for it, within the hour after a customer has cancelled.",
  },
  "token-of-another-account": {
    title: "Registration tokens reach programs of two accounts",
    harm: "Only the account that published the product can resolve its tokens; for the other one buyers cannot register.",
    source: `${MODEL}: ResolveCustomer is called from the publishing account; Rule T3`,
    rightWay: "Resolve tokens in the account that published the product, and hand on what was resolved.",
  },
};
