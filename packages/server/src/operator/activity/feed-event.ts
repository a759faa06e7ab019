/** An event of the activity, rendered and encoded once for all readers. */
import { iso } from "@countinghouse/protocol";
import { cloudTrailRecord } from "../../audit/cloudtrail-record.ts";
import { outcomeOf, type Outcome } from "../../explain/outcome.ts";
import { attributesOf, type EntryAttributes } from "../../ledger/entry-attributes.ts";
import type { LedgerEntry } from "../../ledger/entry.ts";
import type { ActivityGap, ActivityItem } from "../contract/ledger/activity.ts";
import { auditEventView } from "../views/audit-event.ts";
import { eventIdOf, type Positions } from "./event-ids.ts";

export interface FeedEvent {
  readonly id: string;
  readonly attributes: EntryAttributes;
  readonly outcome: Outcome;
  /** The event as it is sent. */
  readonly bytes: Buffer;
}

/** Which events a reader wants; undefined members match every event. */
export interface ActivityFilter {
  readonly operation?: string | undefined;
  readonly accountId?: string | undefined;
  readonly accessKeyId?: string | undefined;
  readonly productCode?: string | undefined;
  readonly outcome?: Outcome | undefined;
}

export function feedEvent(entry: LedgerEntry, positions: Positions): FeedEvent {
  const { atMs, call } = entry;
  const id = eventIdOf({ atMs, requestId: call.requestId, positions });
  const item = activityItem(entry);
  // JSON escapes all its line breaks, so the data is one line.
  const bytes = Buffer.from(`id: ${id}\ndata: ${JSON.stringify(item)}\n\n`);
  return { id, attributes: attributesOf(entry), outcome: item.outcome, bytes };
}

function activityItem(entry: LedgerEntry): ActivityItem {
  const { outcome, reason, records } = outcomeOf(entry);
  return {
    ...auditEventView(cloudTrailRecord(entry)),
    at: iso(entry.atMs),
    productCode: attributesOf(entry).productCode,
    outcome,
    reason,
    records,
  };
}

/** A gap has no id, so a reader that resumes after it goes on from the event before the gap. */
export function gapBytes(gap: ActivityGap): Buffer {
  return Buffer.from(`event: gap\ndata: ${JSON.stringify(gap)}\n\n`);
}

export function isWanted({ attributes, outcome }: FeedEvent, filter: ActivityFilter): boolean {
  return (
    (filter.operation === undefined || filter.operation === attributes.operation) &&
    (filter.accountId === undefined || filter.accountId === attributes.accountId) &&
    (filter.accessKeyId === undefined || filter.accessKeyId === attributes.accessKeyId) &&
    (filter.productCode === undefined || filter.productCode === attributes.productCode) &&
    (filter.outcome === undefined || filter.outcome === outcome)
  );
}
