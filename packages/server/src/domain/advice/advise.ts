/** Advice: looks for every mistake in a history. Pure; the history says how far it reaches. */
import { findingsOf, type Finding, type Look } from "./finding.ts";
import type { History } from "./history.ts";
import { noFinalRecord, oneCallARecord, tokenOfAnotherAccount, twoNames, twoRegions } from "./looks-at-calls.ts";
import {
  newTimeAtRetry,
  risingDuplicates,
  timeOfSending,
  unitPerEvent,
  unprocessedNotSentAgain,
  zeroBeforeUsage,
} from "./looks-at-records.ts";
import type { MistakeId } from "./mistakes.ts";

const LOOKS: Readonly<Record<MistakeId, Look>> = {
  "time-of-sending": timeOfSending,
  "unit-per-event": unitPerEvent,
  "new-time-at-retry": newTimeAtRetry,
  "unprocessed-not-sent-again": unprocessedNotSentAgain,
  "rising-duplicates": risingDuplicates,
  "two-names": twoNames,
  "two-regions": twoRegions,
  "one-call-a-record": oneCallARecord,
  "zero-before-usage": zeroBeforeUsage,
  "no-final-record": noFinalRecord,
  "token-of-another-account": tokenOfAnotherAccount,
};

export function advise(history: History): readonly Finding[] {
  return (Object.keys(LOOKS) as MistakeId[]).flatMap((id) => findingsOf(id, LOOKS[id](history)));
}
