/** A call or a change as a line of the activity, whichever route told of it. */
import type { ActivityItem, RequestSummary } from "countinghouse/operator";
import type { Tone } from "../../parts/parts.tsx";

export interface Call {
  readonly requestId: string;
  readonly at: string;
  readonly operation: string;
  readonly who: string;
  readonly productCode: string | undefined;
  readonly outcome: RequestSummary["outcome"];
  readonly code: string | undefined;
  readonly reason: string | undefined;
  readonly records: RequestSummary["records"];
  /** Whether the ledger has it; what was refused before it was believed is in a lab's memory only. */
  readonly kept: boolean;
}

export function callOfItem(item: ActivityItem): Call {
  return {
    requestId: item.requestID,
    at: item.at,
    operation: item.eventName,
    who: nameOf(item.userIdentity.arn ?? item.userIdentity.principalId),
    productCode: item.productCode,
    outcome: item.outcome,
    code: item.errorCode,
    reason: item.reason,
    records: item.records,
    kept: true,
  };
}

export function callOfSummary(summary: RequestSummary): Call {
  const {
    requestId,
    at,
    operation = "not told",
    principal,
    accessKeyId,
    productCode,
    outcome,
    code,
    reason,
    records,
    kept,
  } = summary;
  const who = nameOf(principal ?? accessKeyId ?? "nobody known");
  return { requestId, at, operation, who, productCode, outcome, code, reason, records, kept };
}

/** The end of an ARN, which is what people call somebody by. */
export function nameOf(principal: string): string {
  return /^arn:[^/]*[/:](.+)$/.exec(principal)?.[1]?.replace(/^.*?:/, "") ?? principal;
}

/** `2 accepted, 1 duplicate`. */
export function countsText(records: Call["records"]): string | undefined {
  if (records === undefined) return undefined;
  const { accepted, replay, duplicate, notSubscribed, unprocessed } = records;
  const others = (replay ?? 0) + (duplicate ?? 0) + (notSubscribed ?? 0) + (unprocessed ?? 0);
  if (others === 0) return accepted === undefined ? undefined : accepted === 1 ? "1 record" : `${accepted} records`;
  const parts: readonly (readonly [number | undefined, string])[] = [
    [accepted, "accepted"],
    [replay, replay === 1 ? "replay" : "replays"],
    [duplicate, duplicate === 1 ? "duplicate" : "duplicates"],
    [notSubscribed, "not subscribed"],
    [unprocessed, "unprocessed"],
  ];
  const texts = parts.filter(([count]) => count !== undefined && count > 0).map(([count, word]) => `${count} ${word}`);
  return texts.length === 0 ? undefined : texts.join(", ");
}

/** Newest first, each once; what is told later of one replaces what was told before. */
export function merged(known: readonly Call[], more: readonly Call[], max: number): readonly Call[] {
  const byId = new Map(known.map((call) => [call.requestId, call]));
  for (const call of more) byId.set(call.requestId, call);
  return [...byId.values()].toSorted((a, b) => (a.at < b.at ? 1 : a.at > b.at ? -1 : 0)).slice(0, max);
}

export const OUTCOME_TONES: Readonly<Record<Call["outcome"], Tone>> = { ok: "ok", partly: "warn", refused: "bad" };

const WORDS: Readonly<Record<Call["outcome"], string>> = {
  ok: "Accepted",
  partly: "Partly accepted",
  refused: "Refused",
};

export function outcomeWord({ outcome, records }: Pick<RequestSummary, "outcome" | "records">): string {
  if (outcome === "ok" && records === undefined) return "Done";
  if (outcome === "partly" && (records?.accepted ?? 0) + (records?.replay ?? 0) === 0) return "Not accepted";
  return WORDS[outcome];
}

/** The sentence alone: rule and error are told beside it. */
export function sentenceOf({ reason, code }: Pick<RequestSummary, "reason" | "code">): string | undefined {
  const text = reason?.replace(/^Refused by Rule \w+: /, "");
  return code !== undefined && text?.startsWith(`${code}: `) === true ? text.slice(code.length + 2) : text;
}
