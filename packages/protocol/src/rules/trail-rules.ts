/** The rule book's rules of the audit trail: which events LookupEvents shows to whom, and how an event is written. */
import { ALWAYS, DESIGN, OURS, TRAIL_MODEL, type Rule } from "./rule.ts";

export type TrailRuleId = "V1" | "V2" | "V3" | "V4" | "V5" | "V6" | "V7" | "V8" | "V9";

export const trailRules: Readonly<Record<TrailRuleId, Rule>> = {
  V1: {
    text: "LookupEvents shows the events of the caller's account, newest first, and none of another account, whatever is asked for.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
    reading:
      "A call is there as soon as it was answered, where CloudTrail takes some minutes; a lookup does not show itself. Calls refused before their caller was known belong to no account.",
  },
  V2: {
    text: "Events are looked up by one attribute at most: EventId, EventName, ReadOnly (true or false), Username, ResourceType, ResourceName, EventSource or AccessKeyId, with a value of 1 to 2,000 characters; anything else is refused with InvalidLookupAttributesException.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
    reading:
      "The texts are ours. A product is the one resource there is: its type is AWS::Marketplace::Product, its name the product code. Username is a user's name, a session's (of an instance or a task its id, of a pod what it called itself), or the service account that came with a token.",
  },
  V3: {
    text: "StartTime and EndTime are both included, and compared with the seconds that events show; a start after the end is refused with InvalidTimeRangeException.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
  },
  V4: {
    text: "A page holds 50 events, or MaxResults where that is less; MaxResults below 1 or above 50 is refused with InvalidMaxResultsException.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
    reading:
      "The model has both a range and an exception for it; the exception says more. A page ends early, with a NextToken, where its events are large.",
  },
  V5: {
    text: "A NextToken is good for the caller, attribute, times and category that it was given for, and any other is refused with InvalidNextTokenException.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
    reading: "MaxResults may change between pages. Events that come in meanwhile are not on later pages.",
  },
  V6: {
    text: "EventCategory is left out, or is insight; any other is refused with InvalidEventCategoryException.",
    source: TRAIL_MODEL,
    inForce: ALWAYS,
    reading: "There are no Insights events here, so of that category none are shown.",
  },
  V7: {
    text: "LookupEvents shows the events of all regions, whichever region it is asked in, for as long as they are kept.",
    source: `${DESIGN}; CloudTrail shows those of the endpoint's region, of the last 90 days`,
    inForce: OURS,
    reading: "One server is all regions, and whoever looks for a call must not have to know where it was sent.",
  },
  V8: {
    text: "An event's source is metering-marketplace.amazonaws.com, entitlement-marketplace.amazonaws.com or cloudtrail.amazonaws.com, by the service that was called.",
    source: "API reference, logging of metering calls with CloudTrail: BatchMeterUsage",
    inForce: ALWAYS,
    reading:
      "The Smithy model of metering says marketplacemetering.amazonaws.com; the record sample wins. Of the entitlement service no record is published; its sisters are all called <name>-marketplace.amazonaws.com. What the operator did, or the buy page, has a source of our own, operator.countinghouse or buy-page.countinghouse.",
  },
  V9: {
    text: "An event is written in CloudTrail's record form, version 1.05: members with a small first letter, times in a request or an answer as Apr 19, 2018 4:32:50 PM, no answer where the call was refused or only read. Request parameters are what was sent, a member with its default included.",
    source: "API reference, logging of metering calls with CloudTrail (four samples); CloudTrail record contents",
    inForce: ALWAYS,
    reading:
      "The sample spells customerAWSAccountID, the wire gives customerAWSAccountId, which scripts read; we write the latter. Sensitive members stand as HIDDEN_DUE_TO_SECURITY_REASONS. What is read only follows the access levels of IAM, by which ResolveCustomer writes; records of MeterUsage and RegisterUsage do not say it, as their samples do not. What later versions of the form added (managementEvent in 1.06, eventCategory in 1.07) is left out. A session's creationDate is by the service clock, as all times of the trail are, and missing where an earlier version of this server issued the credentials. Beyond the samples stand the product as a resource, and in additionalEventData what lay behind an answer.",
  },
};
