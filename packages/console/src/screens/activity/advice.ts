/** What advice says of calls: each may have succeeded, and shows a mistake all the same. */
import type { Advice, RequestSummary } from "countinghouse/operator";
import { useAnswer } from "../../api/calls.ts";
import type { Call } from "./call.ts";

/** A mistake, and what of one call shows it. */
interface CallAdvice extends Pick<Advice, "id" | "title" | "harm" | "rightWay" | "source"> {
  readonly shows: string;
}

/** By the ids of requests. */
type AdviceOfCalls = ReadonlyMap<string, readonly CallAdvice[]>;

/** It reads thousands of calls: not each time that one more has come. */
const EVERY_MS = 10_000;
const EVIDENCE = 200;
const AROUND_MS = 24 * 3_600_000;

const NONE: readonly Advice[] = [];

/** Of the newest calls that show a mistake. */
export function useAdvice(productCode: string | undefined, isOn: boolean): readonly Advice[] {
  const query = { order: "newest", evidence: EVIDENCE, ...(productCode === undefined ? {} : { productCode }) } as const;
  const { data } = useAnswer("GET /advice", { query }, isOn ? { every: EVERY_MS } : { enabled: false });
  return data?.items ?? NONE;
}

/** Of one call, held against those of a day before and after it. */
export function useAdviceOf(
  requestId: string,
  { at, outcome, productCode }: Pick<RequestSummary, "at" | "outcome" | "productCode">,
): readonly CallAdvice[] {
  const atMs = Date.parse(at);
  const from = new Date(atMs - AROUND_MS).toISOString();
  const to = new Date(atMs + AROUND_MS).toISOString();
  const query = { from, to, evidence: 1_000, ...(productCode === undefined ? {} : { productCode }) };
  const isTold = outcome !== "refused" && !Number.isNaN(atMs);
  const { data } = useAnswer("GET /advice", { query }, { enabled: isTold });
  return adviceByCall(data?.items ?? NONE).get(requestId) ?? [];
}

export function adviceByCall(items: readonly Advice[]): AdviceOfCalls {
  const byCall = new Map<string, CallAdvice[]>();
  for (const { id, title, harm, rightWay, source, evidence } of items) {
    for (const { requestId, shows } of evidence) {
      const known = byCall.get(requestId) ?? [];
      byCall.set(requestId, [...known, { id, title, harm, rightWay, source, shows }]);
    }
  }
  return byCall;
}

/**
 * What the rows of a list say: the newest that shows a mistake says the right way, too, and the others only name it. A refusal
 * has said what there is to say.
 */
export function adviceTexts(calls: readonly Call[], advice: AdviceOfCalls): ReadonlyMap<string, string> {
  const told = new Set<string>();
  const texts = new Map<string, string>();
  for (const { requestId, outcome, productCode } of calls) {
    const [first] = outcome === "refused" ? [] : (advice.get(requestId) ?? []);
    if (first === undefined) continue;
    const key = `${first.id} ${productCode ?? ""}`;
    texts.set(requestId, told.has(key) ? `${first.title}.` : `${first.title}. ${first.rightWay}`);
    told.add(key);
  }
  return texts;
}
