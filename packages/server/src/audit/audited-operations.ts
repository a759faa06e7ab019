/** What audit events need to know of the wire's operations. */
import { STS, operations, type AnyOperation } from "@countinghouse/protocol";
import type { Asked } from "../ledger/entry.ts";
import { cloudTrailFormOf } from "./cloudtrail-form.ts";

export interface AuditedOperation extends Pick<AnyOperation, "name" | "caller" | "eventSource" | "readOnly"> {
  /** Writes what was asked for as CloudTrail does. */
  readonly requestForm: (request: Asked) => object;
}

export const auditedOperations: readonly AuditedOperation[] = [
  ...operations.map((operation) => ({ ...operation, requestForm: cloudTrailFormOf(operation.input) })),
  // CloudTrail calls both of STS's operations read-only, even the one that gives credentials.
  ...STS.operations.map((name): AuditedOperation => {
    return { name, caller: "account", eventSource: STS.eventSource, readOnly: true, requestForm: (request) => request };
  }),
];

const byName = new Map(auditedOperations.map((operation) => [operation.name, operation]));

/** Undefined for an operation that is not on the wire. */
export function auditedOperation(name: string): AuditedOperation | undefined {
  return byName.get(name);
}

/** The operation's name where somebody reads the trail with a reader's token. */
export const READ_TRAIL = "ReadTrail";

/** The source of events that came by no call of the wire, by their principal. Rule V8. */
export const ownSources: Readonly<Record<string, string>> = {
  operator: "operator.countinghouse",
  "buy-page": "buy-page.countinghouse",
};

/** The operations of a buyer's account on the buy page. */
export const BUY_PAGE_OPERATIONS = ["CreateAccount", "CreateAgreement", "IssueRegistrationToken"] as const;
