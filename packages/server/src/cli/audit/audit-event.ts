/** An audit event as commands see it: a CloudTrail record, and the columns that people read. */
import { printable } from "../output.ts";
/** A CloudTrail record, as far as commands look into it; it is passed on whole. */
export interface AuditEvent {
  readonly userIdentity: {
    readonly type: string;
    readonly principalId: string;
    readonly accountId?: string;
    readonly userName?: string;
    readonly arn?: string;
  };
  readonly eventTime: string;
  readonly eventName: string;
  readonly awsRegion?: string;
  readonly errorCode?: string;
  readonly requestID: string;
  readonly eventID: string;
}

export const EVENT_COLUMNS: Readonly<Record<string, (event: AuditEvent) => string | undefined>> = {
  time: ({ eventTime }) => eventTime,
  event: ({ eventName }) => eventName,
  account: ({ userIdentity }) => userIdentity.accountId,
  who: ({ userIdentity: { userName, arn, principalId } }) => userName ?? arn?.split("/").at(-1) ?? principalId,
  region: ({ awsRegion }) => awsRegion,
  outcome: ({ errorCode }) => errorCode ?? "ok",
  requestId: ({ requestID }) => requestID,
};

/** Of the columns but the last: what nearly every event fits into, so that lines printed one by one are aligned. */
const WIDTHS = [20, 22, 12, 16, 14, 24];

/** One line, as wide as any other. */
export function eventLine(event: AuditEvent): string {
  return lineOf(Object.values(EVENT_COLUMNS).map((valueOf) => valueOf(event) ?? "-"));
}

export function headingLine(): string {
  return lineOf(Object.keys(EVENT_COLUMNS));
}

function lineOf(cells: readonly string[]): string {
  return cells.map((cell, i) => printable(cell).padEnd(WIDTHS[i] ?? 0)).join("  ");
}
