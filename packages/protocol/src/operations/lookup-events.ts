/**
 * LookupEvents: an account searches its events in the audit trail. It belongs to CloudTrail, and is served at the same
 * endpoint. Source: the model `cloudtrail/2013-11-01`.
 */
import { INTEGER_MAX, INTEGER_MIN } from "../limits.ts";
import { trailService } from "../service.ts";
import type { EpochMs, StructureShape } from "../shapes.ts";
import { operationNames, type Operation } from "./operation.ts";

export const lookupAttributeKeys = [
  "EventId",
  "EventName",
  "ReadOnly",
  "Username",
  "ResourceType",
  "ResourceName",
  "EventSource",
  "AccessKeyId",
] as const;

export type LookupAttributeKey = (typeof lookupAttributeKeys)[number];

interface LookupAttribute {
  /** As it was sent; Rule V2 names the keys that exist. */
  readonly attributeKey: string;
  readonly attributeValue: string;
}

export interface LookupEventsInput {
  readonly lookupAttributes?: readonly LookupAttribute[];
  readonly startTimeMs?: EpochMs;
  readonly endTimeMs?: EpochMs;
  readonly eventCategory?: string;
  readonly maxResults?: number;
  readonly nextToken?: string;
}

interface EventResource {
  readonly resourceType: string;
  readonly resourceName: string;
}

export interface FoundEvent {
  readonly eventId: string;
  readonly eventName: string;
  /** `true` or `false`, as a text. */
  readonly readOnly: string;
  readonly accessKeyId?: string;
  readonly eventTimeMs: EpochMs;
  readonly eventSource: string;
  readonly username?: string;
  readonly resources: readonly EventResource[];
  /** The whole event, as JSON. */
  readonly cloudTrailEvent: string;
}

export interface LookupEventsOutput {
  readonly events: readonly FoundEvent[];
  /** Present where there may be more events. */
  readonly nextToken?: string;
}

const lookupAttributeShape: StructureShape<LookupAttribute> = {
  kind: "structure",
  name: "LookupAttribute",
  members: {
    attributeKey: { wire: "AttributeKey", required: true, shape: { kind: "string" } },
    attributeValue: { wire: "AttributeValue", required: true, shape: { kind: "string" } },
  },
};

const resourceShape: StructureShape<EventResource> = {
  kind: "structure",
  name: "Resource",
  members: {
    resourceType: { wire: "ResourceType", shape: { kind: "string" } },
    resourceName: { wire: "ResourceName", shape: { kind: "string" } },
  },
};

const eventShape: StructureShape<FoundEvent> = {
  kind: "structure",
  name: "Event",
  members: {
    eventId: { wire: "EventId", shape: { kind: "string" } },
    eventName: { wire: "EventName", shape: { kind: "string" } },
    readOnly: { wire: "ReadOnly", shape: { kind: "string" } },
    accessKeyId: { wire: "AccessKeyId", shape: { kind: "string" } },
    eventTimeMs: { wire: "EventTime", shape: { kind: "timestamp" } },
    eventSource: { wire: "EventSource", shape: { kind: "string" } },
    username: { wire: "Username", shape: { kind: "string" } },
    resources: { wire: "Resources", shape: { kind: "list", member: resourceShape } },
    cloudTrailEvent: { wire: "CloudTrailEvent", shape: { kind: "string" } },
  },
};

/** Constraints of the model that have an exception of their own (Rules V2, V4, V6) are checked by the operation. */
export const lookupEvents: Operation<LookupEventsInput, LookupEventsOutput> = {
  ...operationNames(trailService, "LookupEvents"),
  summary: "An account finds its own calls in the audit trail.",
  caller: "account",
  readOnly: true,
  quota: { requestsPerSecond: 2, rule: "Q4" },
  refuses: ["V2", "V6", "V4", "V3", "V5"],
  input: {
    kind: "structure",
    name: "LookupEventsRequest",
    members: {
      lookupAttributes: { wire: "LookupAttributes", shape: { kind: "list", member: lookupAttributeShape } },
      startTimeMs: { wire: "StartTime", shape: { kind: "timestamp" } },
      endTimeMs: { wire: "EndTime", shape: { kind: "timestamp" } },
      eventCategory: { wire: "EventCategory", shape: { kind: "string" } },
      maxResults: { wire: "MaxResults", shape: { kind: "integer", min: INTEGER_MIN, max: INTEGER_MAX } },
      nextToken: { wire: "NextToken", shape: { kind: "string", sensitive: true } },
    },
  },
  output: {
    kind: "structure",
    name: "LookupEventsResponse",
    members: {
      events: { wire: "Events", shape: { kind: "list", member: eventShape } },
      nextToken: { wire: "NextToken", shape: { kind: "string" } },
    },
  },
};
