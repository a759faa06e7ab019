/** A report on a trail: what each rule set would have answered beside what AWS answered, and advice over it. */
import { iso, ruleSets, type RuleSetName } from "@countinghouse/protocol";
import { adviceView } from "../advice/give-advice.ts";
import { advise } from "../domain/advice/advise.ts";
import type { Advice } from "../operator/contract/ledger/advice.ts";
import { EVIDENCE_DEFAULT } from "../operator/contract/values.ts";
import { historyOfTrail } from "./history-of-trail.ts";
import { Judge } from "./judge.ts";
import { marketOfTrail } from "./market-of-trail.ts";
import type { TrailCall } from "./trail-call.ts";
import { WHY_NOT_JUDGED, type Answer, type NotJudged } from "./verdict.ts";

export interface TrailReport {
  /** The first and the last call's time; absent where there is none. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  /** How many calls there are of each operation. */
  readonly calls: Readonly<Record<string, number>>;
  readonly ruleSets: readonly RuleSetReport[];
  /** Calls to which a rule set would have answered otherwise, in the order of time; the first of them. */
  readonly differences: readonly Difference[];
  readonly differenceCount: number;
  /** The calls that no rule set was held against, by operation and reason. */
  readonly notCompared: readonly NotCompared[];
  readonly advice: readonly Advice[];
}

interface RuleSetReport {
  readonly ruleSet: RuleSetName;
  readonly same: number;
  readonly different: number;
  /** How many calls were not compared, by reason. */
  readonly notJudged: Readonly<Partial<Record<NotJudged, number>>>;
  /** Records of compared calls that were left out. */
  readonly recordsLeft: number;
}

interface Difference {
  readonly at: string;
  readonly requestId: string;
  readonly operation: string;
  readonly aws: Answer;
  /** What each rule set would have answered. */
  readonly answers: Readonly<Partial<Record<RuleSetName, Answer>>>;
}

interface NotCompared {
  readonly operation: string;
  /** A sentence. */
  readonly why: string;
  readonly count: number;
  /** In the order of time; the first of them. */
  readonly calls: readonly { readonly at: string; readonly requestId: string }[];
}

const CALLS_SHOWN = 100;

export function trailReport(unordered: readonly TrailCall[]): TrailReport {
  const calls = unordered.toSorted((a, b) => a.atMs - b.atMs);
  const market = marketOfTrail(calls);
  const names = Object.keys(ruleSets) as RuleSetName[];
  const judges = names.map((name) => new Judge(ruleSets[name], market));
  const counts = names.map(() => ({ same: 0, different: 0, recordsLeft: 0, notJudged: new Map<NotJudged, number>() }));
  const differences: Difference[] = [];
  const left: { readonly call: TrailCall; readonly notJudged: NotJudged }[] = [];
  let differenceCount = 0;
  for (const call of calls) {
    const verdicts = judges.map((judge) => judge.judge(call));
    const answers: Partial<Record<RuleSetName, Answer>> = {};
    let aws: Answer | undefined;
    verdicts.forEach((verdict, i) => {
      const count = counts[i] as (typeof counts)[number];
      if (verdict.notJudged !== undefined) {
        count.notJudged.set(verdict.notJudged, (count.notJudged.get(verdict.notJudged) ?? 0) + 1);
        return;
      }
      count[verdict.same ? "same" : "different"] += 1;
      count.recordsLeft += verdict.left;
      answers[names[i] as RuleSetName] = verdict.answer;
      if (!verdict.same) ({ aws } = verdict);
    });
    const [notJudged] = verdicts.map((verdict) => verdict.notJudged);
    if (notJudged !== undefined && Object.keys(answers).length === 0) left.push({ call, notJudged });
    if (aws === undefined) continue;
    differenceCount += 1;
    if (differences.length === CALLS_SHOWN) continue;
    const { atMs, requestId, operation } = call;
    differences.push({ at: iso(atMs), requestId, operation, aws, answers });
  }
  const reasons = Map.groupBy(left, ({ call: { operation }, notJudged }) => `${operation}\n${notJudged}`);
  return {
    from: iso(calls[0]?.atMs),
    to: iso(calls.at(-1)?.atMs),
    calls: Object.fromEntries(
      [...Map.groupBy(calls, ({ operation }) => operation)].map(([name, of]) => [name, of.length]),
    ),
    ruleSets: names.map((ruleSet, i) => {
      const { same, different, recordsLeft, notJudged } = counts[i] as (typeof counts)[number];
      return { ruleSet, same, different, recordsLeft, notJudged: Object.fromEntries(notJudged) };
    }),
    differences,
    differenceCount,
    notCompared: [...reasons.values()].map((group) => {
      const [{ call, notJudged }] = group as [(typeof group)[number]];
      const shown = group.slice(0, CALLS_SHOWN).map(({ call: { atMs, requestId } }) => ({ at: iso(atMs), requestId }));
      return { operation: call.operation, why: WHY_NOT_JUDGED[notJudged], count: group.length, calls: shown };
    }),
    advice: advise(historyOfTrail(calls, market)).map((finding) =>
      adviceView(finding, { order: "oldest", max: EVIDENCE_DEFAULT }),
    ),
  };
}
