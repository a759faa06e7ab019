/** What a rule set would have answered to the calls of a trail, beside what AWS answered. Pure: nothing is kept anywhere. */
import { windowFault, type RuleSet, type UsageRecord } from "@countinghouse/protocol";
import { decideBatchMeterUsage, keysOf } from "../domain/decide/batch-meter-usage.ts";
import { keyText, type MeteringRecord } from "../domain/metering/metering-record.ts";
import type { MarketOfTrail } from "./market-of-trail.ts";
import type { TrailCall, Unsaid } from "./trail-call.ts";

/** An answer in words that can be compared. */
export interface Answer {
  /** `TimestampOutOfBoundsException`, or each record's status, such as `2 Success, 1 DuplicateRecord`. */
  readonly text: string;
  /** The rule, where the rules refused. */
  readonly rule?: string | undefined;
}

/** Why nothing was compared. */
export type NotJudged =
  | Unsaid
  /** ResolveCustomer: its token is hidden. RegisterUsage: what it decides by is not in the trail. */
  | "nothing-to-compare"
  /** AWS refused for something that only its own catalogue, policies or quotas say. */
  | "refused-by-what-the-trail-lacks"
  /** None of its records could be compared: AWS left them undecided, or knew them, or did not know their customers. */
  | "no-record-to-compare";

type Verdict =
  | { readonly notJudged: NotJudged }
  | {
      readonly notJudged?: undefined;
      readonly same: boolean;
      readonly aws: Answer;
      readonly answer: Answer;
      /** Records that were left out of the comparison. */
      readonly left: number;
    };

/** A refusal by what the trail does not tell: who is subscribed, which dimensions there are, who may call, how often. */
const OF_ELSEWHERE =
  /^(?:AccessDenied|Throttling|InternalService|InternalFailure|ServiceUnavailable|InvalidProductCode|InvalidCustomerIdentifier|InvalidLicense|CustomerNotEntitled|InvalidEndpointRegion|InvalidUsageDimension|DisabledApi|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|InvalidToken|PlatformNotSupported|IdempotencyConflict|DuplicateRequest|InvalidPublicKeyVersion)/;
/** How much later than its record says a call may have come: event times are whole seconds. */
const SECOND_MS = 999;

/** Judges the calls of a trail in their order, for one rule set. */
export class Judge {
  readonly #ruleSet: RuleSet;
  readonly #market: MarketOfTrail;
  /** What this rule set would have kept. */
  readonly #kept = new Map<string, MeteringRecord>();
  /** Keys under which AWS has accepted something in this trail. */
  readonly #acceptedByAws = new Set<string>();

  constructor(ruleSet: RuleSet, market: MarketOfTrail) {
    this.#ruleSet = ruleSet;
    this.#market = market;
  }

  judge(call: TrailCall): Verdict {
    if (call.operation === "ResolveCustomer" || call.operation === "RegisterUsage") {
      return { notJudged: "nothing-to-compare" };
    }
    if (call.unsaid !== undefined) return { notJudged: call.unsaid };
    const { malformed, answer: given } = call;
    if (malformed !== undefined) return compared(given.error ?? "taken", { text: malformed.code, rule: "L5" }, 0);
    return call.operation === "MeterUsage" ? this.#judgeOne(call) : this.#judgeBatch(call);
  }

  /** Of a resource's own metering, a trail tells enough for the window only. */
  #judgeOne({ input, atMs, answer: { error } }: Extract<TrailCall, { operation: "MeterUsage" }>): Verdict {
    if (error !== undefined && OF_ELSEWHERE.test(error)) return { notJudged: "refused-by-what-the-trail-lacks" };
    const answerAt = (nowMs: number): Answer => {
      const fault = windowFault(input?.timestampMs ?? 0, this.#ruleSet.meterUsageWindow, nowMs);
      return fault === undefined ? { text: "taken" } : { text: "TimestampOutOfBoundsException", rule: fault.rule };
    };
    const verdict = compared(error ?? "taken", answerAt(atMs), 0);
    if (verdict.same) return verdict;
    const later = compared(error ?? "taken", answerAt(atMs + SECOND_MS), 0);
    return later.same ? later : verdict;
  }

  #judgeBatch(call: Extract<TrailCall, { operation: "BatchMeterUsage" }>): Verdict {
    const { answer: given, input = { usageRecords: [] } } = call;
    const compareds = this.#comparable(call);
    const usageRecords = compareds.map(({ record }) => record);
    const left = input.usageRecords.length - usageRecords.length;
    if (usageRecords.length === 0 && left > 0) return { notJudged: "no-record-to-compare" };
    const request = { callerAccountId: call.accountId, region: call.region, input: { ...input, usageRecords } };
    const keys = keysOf(request);
    const decideAt = (nowMs: number): ReturnType<typeof decideBatchMeterUsage> =>
      decideBatchMeterUsage(request, keys, {
        catalogue: this.#market.catalogue,
        nowMs,
        ruleSet: this.#ruleSet,
        kept: keys.map((key) => this.#kept.get(keyText(key))),
        meteringRecordId: (position) => `${call.requestId}#${position}`,
      });
    const aws = given.error ?? statusesText(compareds.map(({ status }) => status));
    let decision = decideAt(call.atMs);
    let verdict = compared(aws, answerOf(decision), left);
    if (!verdict.same) {
      const later = decideAt(call.atMs + SECOND_MS);
      const again = compared(aws, answerOf(later), left);
      if (again.same) [decision, verdict] = [later, again];
    }
    if (given.error !== undefined && !verdict.same && OF_ELSEWHERE.test(given.error)) {
      return { notJudged: "refused-by-what-the-trail-lacks" };
    }
    for (const { record, status } of compareds) if (status === "Success") this.#acceptedByAws.add(awsKey(call, record));
    for (const { position, key } of decision.rejected === undefined ? decision.accepted : []) {
      const { timestampMs, dimension, quantity = 0, usageAllocations } = usageRecords[position] as UsageRecord;
      this.#kept.set(keyText(key), { meteringRecordId: `${call.requestId}#${position}`, timestampMs, dimension, quantity, usageAllocations }); // prettier-ignore
    }
    return verdict;
  }

  /**
   * The records that can be compared. Left out are those that AWS left undecided, those of customers of whom AWS says that they
   * are not subscribed, and duplicates of usage that was accepted before the trail begins.
   */
  #comparable(
    call: Extract<TrailCall, { operation: "BatchMeterUsage" }>,
  ): readonly { readonly record: UsageRecord; readonly status: string }[] {
    const { answer, input } = call;
    const sent = input?.usageRecords ?? [];
    if (answer.error !== undefined) return sent.map((record) => ({ record, status: "" }));
    const earlier = new Set<string>();
    return answer.results.flatMap(({ status }, i) => {
      const record = sent[i];
      if (record === undefined || status === "CustomerNotSubscribed") return [];
      const key = awsKey(call, record);
      const isOfBefore = status === "DuplicateRecord" && !this.#acceptedByAws.has(key) && !earlier.has(key);
      earlier.add(key);
      return isOfBefore ? [] : [{ record, status }];
    });
  }
}

function awsKey(
  { accountId, region, input }: Extract<TrailCall, { operation: "BatchMeterUsage" }>,
  record: UsageRecord,
): string {
  const [key] = keysOf({ callerAccountId: accountId, region, input: { ...input, usageRecords: [record] } });
  return key === undefined ? "" : keyText(key);
}

function answerOf(decision: ReturnType<typeof decideBatchMeterUsage>): Answer {
  if (decision.rejected !== undefined) return { text: decision.rejected.code, rule: decision.rejected.rule };
  return { text: statusesText(decision.results.map(({ status }) => status)) };
}

/** In the order of the records, neighbours together. */
function statusesText(statuses: readonly string[]): string {
  const groups: [string, number][] = [];
  for (const status of statuses) {
    const last = groups.at(-1);
    if (last?.[0] === status) last[1] += 1;
    else groups.push([status, 1]);
  }
  return groups.length === 0 ? "no record" : groups.map(([status, count]) => `${count} ${status}`).join(", ");
}

function compared(aws: string, answer: Answer, left: number): Extract<Verdict, { same: boolean }> {
  return { same: nameOf(aws) === nameOf(answer.text), aws: { text: aws }, answer, left };
}

/** CloudTrail writes some errors without the word at their end. */
function nameOf(text: string): string {
  return text.replace(/Exception$/, "");
}
