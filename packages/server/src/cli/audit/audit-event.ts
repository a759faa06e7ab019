/** An audit event for people: columns, and aligned lines. */
import type { AuditEvent } from "../../operator/contract/ledger/audit.ts";
import { printable } from "../output.ts";

export const EVENT_COLUMNS: Readonly<Record<string, (event: AuditEvent) => string | undefined>> = {
  time: ({ eventTime }) => eventTime,
  event: ({ eventName }) => eventName,
  account: ({ userIdentity }) => userIdentity.accountId,
  who: ({ userIdentity: { userName, arn, principalId } }) => userName ?? arn?.split("/").at(-1) ?? principalId,
  region: ({ awsRegion }) => awsRegion,
  outcome: ({ errorCode }) => errorCode ?? "ok",
  requestId: ({ requestID }) => requestID,
};

/** The widths of all columns but the last. Nearly every event fits, so lines that are printed one by one are aligned. */
const WIDTHS = [20, 22, 12, 16, 14, 24];

/** One line, aligned with all others. */
export function eventLine(event: AuditEvent): string {
  return lineOf(Object.values(EVENT_COLUMNS).map((valueOf) => valueOf(event) ?? "-"));
}

export function headingLine(): string {
  return lineOf(Object.keys(EVENT_COLUMNS));
}

function lineOf(cells: readonly string[]): string {
  return cells.map((cell, i) => printable(cell).padEnd(WIDTHS[i] ?? 0)).join("  ");
}
