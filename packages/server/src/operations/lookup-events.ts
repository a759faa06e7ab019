import {
  lookupEvents,
  withoutSecretsOf,
  type FoundEvent,
  type LookupEventsInput,
  type LookupEventsOutput,
} from "@countinghouse/protocol";
import { PRODUCT_RESOURCE_TYPE, isReadOnly } from "../audit/cloudtrail-record.ts";
import { auditEvent, type AuditEvent, type EventPages } from "../audit/event-pages.ts";
import { attributeQuery } from "../audit/lookup-query.ts";
import { usernameOf } from "../audit/user-identity.ts";
import { decideLookupEvents, lookupQuery, type WantedEvents } from "../domain/decide/lookup-events.ts";
import type { PageTokens } from "../domain/page-tokens.ts";
import { attributesOf } from "../ledger/entry-attributes.ts";
import { keptRequest } from "../ledger/clipped-request.ts";
import { parseEventId } from "../ledger/ids.ts";
import type { Ledger, Page } from "../ledger/ledger.ts";
import { recordRefusal, type OperationHandler } from "./operation.ts";

const asked = withoutSecretsOf(lookupEvents.input);

/** LookupEvents. It shows what is kept, and then keeps its own call: so no lookup shows itself. */
export function lookupEventsOperation(
  ledger: Ledger,
  pageTokens: PageTokens,
  eventPages: EventPages,
): OperationHandler<LookupEventsInput, LookupEventsOutput> {
  return async (call, input) => {
    const query = lookupQuery(call.accountId, input);
    const cursor = input.nextToken === undefined ? undefined : pageTokens.open(query, input.nextToken);
    const decision = decideLookupEvents(input, input.nextToken === undefined || cursor !== undefined);
    if (decision.rejected !== undefined) return recordRefusal(ledger, call, decision.rejected, asked(input));
    const { items, nextCursor } = await find(ledger, eventPages, call.accountId, decision.wanted, cursor);
    await ledger.transact({
      call,
      keys: [],
      decide: () => ({
        event: { kind: "events-shown", ...keptRequest(asked(input)), count: items.length },
        answer: undefined,
      }),
    });
    const events = items.map(foundEvent);
    return {
      output: { events, ...(nextCursor === undefined ? {} : { nextToken: pageTokens.seal(query, nextCursor) }) },
    };
  };
}

/** Finds events of the caller's account only, whatever the query asks for. Rule V1. */
async function find(
  ledger: Ledger,
  eventPages: EventPages,
  accountId: string,
  wanted: WantedEvents,
  cursor: string | undefined,
): Promise<Page<AuditEvent>> {
  const { attribute, fromMs, toMs, limit, isInsight } = wanted;
  if (isInsight) return { items: [] };
  if (attribute?.key === "EventId") return findOne(ledger, accountId, attribute.value, wanted);
  const found =
    attribute === undefined ? { query: {} } : await attributeQuery(ledger, accountId, attribute.key, attribute.value);
  if (found === undefined) return { items: [] };
  return eventPages.read({ ...found.query, accountId, fromMs, toMs, order: "newest", cursor, limit }, found.isMeant);
}

async function findOne(
  ledger: Ledger,
  accountId: string,
  eventId: string,
  { fromMs = -Infinity, toMs = Infinity }: WantedEvents,
): Promise<Page<AuditEvent>> {
  const requestId = parseEventId(eventId);
  const entry = requestId === undefined ? undefined : await ledger.entry(requestId);
  const isMeant =
    entry !== undefined && entry.call.accountId === accountId && entry.atMs >= fromMs && entry.atMs < toMs;
  return { items: isMeant ? [auditEvent(entry)] : [] };
}

function foundEvent({ entry, record, text }: AuditEvent): FoundEvent {
  const username = usernameOf(record.userIdentity);
  const { accessKeyId } = entry.call;
  const { productCode } = attributesOf(entry);
  return {
    eventId: record.eventID,
    eventName: record.eventName,
    readOnly: String(isReadOnly(entry)),
    ...(accessKeyId === undefined ? {} : { accessKeyId }),
    eventTimeMs: Date.parse(record.eventTime),
    eventSource: record.eventSource,
    ...(username === undefined ? {} : { username }),
    resources: productCode === undefined ? [] : [{ resourceType: PRODUCT_RESOURCE_TYPE, resourceName: productCode }],
    cloudTrailEvent: text,
  };
}
