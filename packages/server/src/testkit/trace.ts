/** What happened, in lines for people: each call with what came of it, in the words of `explain`. */
import { iso } from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue/catalogue.ts";
import { explainEntry } from "../explain/explain-request.ts";
import type { LedgerEntry } from "../ledger/entry.ts";
import type { Explanation, RecordExplanation } from "../operator/contract/ledger/explanation.ts";
import type { SeenCall, SeenCalls } from "./seen-calls.ts";

/** What explanations are made of. */
export interface Explaining {
  readonly calls: SeenCalls;
  readonly catalogue: CatalogueView;
}

const LINES_DEFAULT = 50;

/** The newest calls, oldest first. */
export function traceText(explaining: Explaining, lines: number = LINES_DEFAULT): string {
  const { all, forgotten, troubles } = explaining.calls;
  const wrong = troubles.map((trouble) => `The market itself: ${trouble}`);
  if (all.length === 0) return ["No call has reached the market.", ...wrong].join("\n");
  const shown = all.slice(Math.max(0, all.length - lines));
  const before = forgotten + all.length - shown.length;
  const head = before === 0 ? [] : [`… ${before} calls before these`];
  return [...head, ...shown.map((call) => callText(call, explaining)), ...wrong].join("\n");
}

/** `#3 2026-03-15T10:30:00Z BatchMeterUsage 200: 2 usage records: 1 accepted, 1 replay.` */
export function callText(call: SeenCall, explaining: Explaining): string {
  const { number, atMs, operation, status, dropped, requestId } = call;
  const outcome = dropped ? "done, and the connection cut instead of an answer" : String(status);
  const faults = (call.entry?.call.faults ?? []).map(({ kind }) => kind);
  const hit = faults.length === 0 ? "" : ` (fault on demand: ${faults.join(", ")})`;
  return `#${number} ${iso(atMs)} ${operation} ${outcome}${hit}: ${sentenceOf(call, explaining)} [${requestId}]`;
}

/** What came of a call, in a sentence. */
function sentenceOf(call: SeenCall, explaining: Explaining): string {
  const { code, message } = call;
  const explanation = explained(call, explaining);
  const summary = explanation?.summary ?? (code === undefined ? "Answered." : `Refused: ${code}.`);
  return message === undefined ? summary : `${summary} ${message}`;
}

/** What became of each usage record of a call. */
export function recordsOf(call: SeenCall, explaining: Explaining): readonly RecordExplanation[] {
  return explained(call, explaining)?.records ?? [];
}

function explained({ entry }: SeenCall, { calls, catalogue }: Explaining): Explanation | undefined {
  if (entry === undefined) return undefined;
  const kept = calls.all.map((one): LedgerEntry | undefined => one.entry).filter((one) => one !== undefined);
  const keptEntries = new Map(kept.map((one) => [one.call.requestId, one]));
  return explainEntry(entry, { catalogue, keptEntries });
}
