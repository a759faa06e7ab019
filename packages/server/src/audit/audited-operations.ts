/** The operations of the wire, as audit events tell of them. */
import {
  STS,
  batchMeterUsage,
  getEntitlements,
  lookupEvents,
  meterUsage,
  registerUsage,
  resolveCustomer,
  type Operation,
} from "@countinghouse/protocol";
import type { Asked } from "../ledger/entry.ts";
import { cloudTrailFormOf } from "./cloudtrail-form.ts";

export interface AuditedOperation {
  readonly name: string;
  readonly eventSource: string;
  readonly readOnly: boolean;
  /** What was asked for, as CloudTrail writes it. */
  readonly requestForm: (request: Asked) => object;
}

function audited<Input, Output>({ name, eventSource, readOnly, input }: Operation<Input, Output>): AuditedOperation {
  const form = cloudTrailFormOf(input);
  return { name, eventSource, readOnly, requestForm: (request) => form(request as Input) };
}

export const auditedOperations: readonly AuditedOperation[] = [
  audited(batchMeterUsage),
  audited(resolveCustomer),
  audited(meterUsage),
  audited(registerUsage),
  audited(getEntitlements),
  audited(lookupEvents),
  // Of IAM's access levels both are "Read" to CloudTrail, credentials or not.
  {
    name: "AssumeRoleWithWebIdentity",
    eventSource: STS.eventSource,
    readOnly: true,
    requestForm: (request) => request,
  },
  { name: "GetCallerIdentity", eventSource: STS.eventSource, readOnly: true, requestForm: (request) => request },
];

const byName = new Map(auditedOperations.map((operation) => [operation.name, operation]));

/** Undefined for what no caller of the wire can ask for. */
export function auditedOperation(name: string): AuditedOperation | undefined {
  return byName.get(name);
}

/** Whom events are from that came by no call of the wire, and what they call their source. Rule V8. */
export const ownSources: Readonly<Record<string, string>> = {
  operator: "operator.countinghouse",
  "buy-page": "buy-page.countinghouse",
};

/** What a buyer's account does by the buy page. */
export const BUY_PAGE_OPERATIONS = ["CreateAccount", "CreateAgreement", "IssueRegistrationToken"] as const;
