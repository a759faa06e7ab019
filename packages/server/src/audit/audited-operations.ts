/** The operations of the wire, as audit events tell of them. */
import { STS, operations, type AnyOperation } from "@countinghouse/protocol";
import type { Asked } from "../ledger/entry.ts";
import { cloudTrailFormOf } from "./cloudtrail-form.ts";

export interface AuditedOperation extends Pick<AnyOperation, "name" | "caller" | "eventSource" | "readOnly"> {
  /** What was asked for, as CloudTrail writes it. */
  readonly requestForm: (request: Asked) => object;
}

export const auditedOperations: readonly AuditedOperation[] = [
  ...operations.map((operation) => ({ ...operation, requestForm: cloudTrailFormOf(operation.input) })),
  // Of IAM's access levels both are "Read" to CloudTrail, credentials or not.
  ...STS.operations.map((name): AuditedOperation => {
    return { name, caller: "account", eventSource: STS.eventSource, readOnly: true, requestForm: (request) => request };
  }),
];

const byName = new Map(auditedOperations.map((operation) => [operation.name, operation]));

/** Undefined for what no caller of the wire can ask for. */
export function auditedOperation(name: string): AuditedOperation | undefined {
  return byName.get(name);
}

/** What it is called that somebody with a reader's token reads the trail. */
export const READ_TRAIL = "ReadTrail";

/** Whom events are from that came by no call of the wire, and what they call their source. Rule V8. */
export const ownSources: Readonly<Record<string, string>> = {
  operator: "operator.countinghouse",
  "buy-page": "buy-page.countinghouse",
};

/** What a buyer's account does by the buy page. */
export const BUY_PAGE_OPERATIONS = ["CreateAccount", "CreateAgreement", "IssueRegistrationToken"] as const;
