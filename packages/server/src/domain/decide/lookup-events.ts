/** Decides LookupEvents: which events of the caller's account are asked for, or why the query is refused. Rules V1 to V6. */
import {
  EVENTS_PAGE_MAX,
  lookupAttributeKeys,
  printable,
  iso,
  type EpochMs,
  type LookupAttributeKey,
  type LookupEventsInput,
} from "@countinghouse/protocol";
import { rejection, type Rejection } from "../rejection.ts";

export interface WantedEvents {
  readonly attribute?: { readonly key: LookupAttributeKey; readonly value: string } | undefined;
  /** Included. */
  readonly fromMs?: EpochMs | undefined;
  /** Not included. */
  readonly toMs?: EpochMs | undefined;
  readonly limit: number;
  /** Whether the query is for events of the category `insight`; there are none. */
  readonly isInsight: boolean;
}

type LookupEventsDecision =
  | { readonly rejected: Rejection }
  | { readonly rejected?: undefined; readonly wanted: WantedEvents };

const VALUE_CHARACTERS_MAX = 2_000;

/** `isTokenGood` says whether the page token, if there is one, was given for this query. */
export function decideLookupEvents(input: LookupEventsInput, isTokenGood: boolean): LookupEventsDecision {
  const { lookupAttributes = [], eventCategory, maxResults = EVENTS_PAGE_MAX, startTimeMs, endTimeMs } = input;
  const [attribute] = lookupAttributes;
  if (lookupAttributes.length > 1) {
    const keys = printable(lookupAttributes.map(({ attributeKey }) => attributeKey).join(", "));
    const message = `Events are looked up by one attribute at most; LookupAttributes has ${lookupAttributes.length}: ${keys}.`;
    return invalidAttributes(message, { attributes: lookupAttributes.length });
  }
  const complaint = attribute && complaintAbout(attribute.attributeKey, attribute.attributeValue);
  if (complaint !== undefined) return invalidAttributes(complaint);
  if (eventCategory !== undefined && eventCategory !== "insight") {
    const message = `EventCategory '${printable(eventCategory)}' is invalid: it is insight, or left out.`;
    return { rejected: rejection("InvalidEventCategoryException", "V6", message) };
  }
  if (maxResults < 1 || maxResults > EVENTS_PAGE_MAX) {
    const message = `MaxResults ${maxResults} is invalid: it is from 1 to ${EVENTS_PAGE_MAX}.`;
    const compared = { maxResults, maxResultsMax: EVENTS_PAGE_MAX };
    return { rejected: rejection("InvalidMaxResultsException", "V4", message, compared) };
  }
  if (startTimeMs !== undefined && endTimeMs !== undefined && startTimeMs > endTimeMs) {
    const compared = { startTime: iso(startTimeMs), endTime: iso(endTimeMs) };
    const message = `StartTime ${compared.startTime} lies after EndTime ${compared.endTime}.`;
    return { rejected: rejection("InvalidTimeRangeException", "V3", message, compared) };
  }
  if (!isTokenGood) {
    const message = "The NextToken is invalid, or was given for another query.";
    return { rejected: rejection("InvalidNextTokenException", "V5", message) };
  }
  return {
    wanted: {
      attribute: attribute && { key: attribute.attributeKey as LookupAttributeKey, value: attribute.attributeValue },
      // An event shows its time in whole seconds, so the range covers the whole of its first and last second.
      fromMs: startTimeMs === undefined ? undefined : Math.ceil(startTimeMs / 1000) * 1000,
      toMs: endTimeMs === undefined ? undefined : Math.floor(endTimeMs / 1000) * 1000 + 1000,
      limit: maxResults,
      isInsight: eventCategory === "insight",
    },
  };
}

/** Caller and query in a canonical form: equal queries have equal texts. A page token is bound to it (Rule V5). */
export function lookupQuery(accountId: string, input: LookupEventsInput): string {
  const { lookupAttributes = [], startTimeMs, endTimeMs, eventCategory } = input;
  const attributes = lookupAttributes.map(({ attributeKey, attributeValue }) => [attributeKey, attributeValue]);
  return JSON.stringify(["LookupEvents", accountId, attributes, startTimeMs, endTimeMs, eventCategory]);
}

function complaintAbout(key: string, value: string): string | undefined {
  if (!lookupAttributeKeys.some((known) => known === key)) {
    return `AttributeKey '${printable(key)}' is invalid: events are looked up by one of ${lookupAttributeKeys.join(", ")}.`;
  }
  if (value.length === 0 || value.length > VALUE_CHARACTERS_MAX) {
    return `AttributeValue of ${key} has ${value.length} characters; it must have 1 to ${VALUE_CHARACTERS_MAX}.`;
  }
  if (key === "ReadOnly" && value !== "true" && value !== "false") {
    return `AttributeValue '${printable(value)}' of ReadOnly is invalid: it is true or false.`;
  }
  return undefined;
}

function invalidAttributes(message: string, compared?: Rejection["compared"]): { readonly rejected: Rejection } {
  return { rejected: rejection("InvalidLookupAttributesException", "V2", message, compared) };
}
