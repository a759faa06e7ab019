/** Why a request was answered as it was: a ledger entry, with the rules behind it and what it was held against. */
import type { Rule, RuleId, UsageAllocation, UsageRecordStatus } from "@countinghouse/protocol";
import type { AgreementView } from "../catalogue/documents.ts";
import type { Call, LedgerEvent } from "../ledger/entry.ts";

export interface Explanation {
  /** Where it was asked about one of the request's metering records: which. */
  readonly meteringRecordId?: string | undefined;
  readonly call: Call;
  /** Service clock when it was kept. */
  readonly at: string;
  /** The ledger's word for what came of it. */
  readonly event: LedgerEvent["kind"];
  /** The same, in a sentence. */
  readonly summary: string;
  readonly refusal?: RefusalExplanation | undefined;
  /** Of a BatchMeterUsage request, in its order; of a MeterUsage request the one. */
  readonly records?: readonly RecordExplanation[] | undefined;
  /** Whatever else the ledger says of it. */
  readonly details: Readonly<Record<string, unknown>>;
}

export type ExplainedRule = Rule & { readonly id: RuleId };
export type Figures = Readonly<Record<string, string | number>>;

export interface RefusalExplanation {
  readonly code: string;
  readonly message: string;
  /** Refusals of the operator API follow from no rule of the service. */
  readonly rule?: ExplainedRule | undefined;
  readonly compared: Figures;
}

/** Usage as it was sent. */
export interface SentUsage {
  readonly timestamp: string;
  readonly customerIdentifier?: string | undefined;
  readonly customerAccountId?: string | undefined;
  readonly licenseArn?: string | undefined;
  readonly dimension: string;
  readonly quantity: number;
  readonly usageAllocations?: readonly UsageAllocation[] | undefined;
}

export interface KeptUsage extends SentUsage {
  readonly meteringRecordId: string;
  readonly requestId: string;
  /** Service clock when it was kept. */
  readonly recordedAt: string;
}

export const RECORD_OUTCOMES = ["accepted", "replay", "duplicate", "not-subscribed", "unprocessed"] as const;

export interface RecordExplanation {
  /** Its place in the request, from 1. */
  readonly record: number;
  readonly outcome: (typeof RECORD_OUTCOMES)[number];
  /** As it was answered; an unprocessed record has none. */
  readonly status?: UsageRecordStatus | undefined;
  readonly meteringRecordId?: string | undefined;
  readonly sent: SentUsage;
  readonly rule: ExplainedRule;
  readonly compared: Figures;
  /** For replays and duplicates: the record that stands. */
  readonly kept?: KeptUsage | undefined;
  /** For customers who are not subscribed: their agreements for the product, as they are now. */
  readonly agreements?: readonly AgreementView[] | undefined;
  /** What whoever sent it may want to know. */
  readonly hint?: string | undefined;
}
