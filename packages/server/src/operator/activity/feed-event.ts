/** An event of the activity as its readers get it: rendered and encoded once for all of them. */
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
  /** As it is sent. */
  readonly bytes: Buffer;
}

/** Which events a reader wants; what is undefined does not matter. */
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
  // JSON has no line breaks but those that it escapes.
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

/** Without an id: whoever reads on after a gap does so from the event before it. */
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
