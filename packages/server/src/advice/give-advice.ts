/** Advice as the operator API gives it: what a seller's program does wrong, and the requests that show it. */
import { iso, type EpochMs } from "@countinghouse/protocol";
import { advise } from "../domain/advice/advise.ts";
import type { Finding } from "../domain/advice/finding.ts";
import { mistakes } from "../domain/advice/mistakes.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Advice, AdviceAnswer } from "../operator/contract/ledger/advice.ts";
import { readHistory, type AdviceBounds, type AdviceQuery } from "./read-history.ts";

/** Which of the calls that show a mistake are told. */
interface ToldEvidence {
  readonly order: "newest" | "oldest";
  readonly max: number;
}

const BOUNDS: AdviceBounds = { meteringEntriesMax: 10_000, otherEntriesMax: 2_000 };

export async function giveAdvice(
  ledger: Ledger,
  { evidence, ...query }: AdviceQuery & { readonly evidence: ToldEvidence },
  nowMs: EpochMs,
  bounds: AdviceBounds = BOUNDS,
): Promise<AdviceAnswer> {
  const { history, entriesRead, completeFromMs } = await readHistory(ledger, query, nowMs, bounds);
  const findings = advise(history).filter(
    ({ accountId, productCode }) =>
      (query.accountId ?? accountId) === accountId && (query.productCode ?? productCode) === productCode,
  );
  return {
    items: findings.map((finding) => adviceView(finding, evidence)),
    from: iso(query.fromMs),
    to: iso(query.toMs),
    entriesRead,
    completeFrom: iso(completeFromMs),
  };
}

export function adviceView({ id, accountId, productCode, evidence }: Finding, { order, max }: ToldEvidence): Advice {
  const { title, harm, source, rightWay } = mistakes[id];
  const told = order === "oldest" ? evidence : evidence.toReversed();
  return {
    id,
    title,
    accountId,
    productCode,
    harm,
    rightWay,
    source,
    count: evidence.length,
    evidence: told.slice(0, max).map(({ requestId, atMs, shows }) => ({ requestId, at: iso(atMs), shows })),
  };
}
