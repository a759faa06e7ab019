/** What a rule set would have answered to the calls of a trail, beside what AWS answered. Pure: nothing is kept anywhere. */
import type { RuleSet, UsageRecord } from "@countinghouse/protocol";
import { decideBatchMeterUsage, keysOf } from "../domain/decide/batch-meter-usage.ts";
import { keyText, type MeteringRecord } from "../domain/metering/metering-record.ts";
import { ResourceJudge } from "./judge-resource.ts";
import type { MarketOfTrail } from "./market-of-trail.ts";
import type { TrailCall } from "./trail-call.ts";
import { atSomeMoment, compared, isOfElsewhere, verdictBeforehand, type Answer, type Verdict } from "./verdict.ts";

type BatchCall = Extract<TrailCall, { operation: "BatchMeterUsage" }>;

/** Judges the calls of a trail in their order, for one rule set. */
export class Judge {
  readonly #ruleSet: RuleSet;
  readonly #market: MarketOfTrail;
  readonly #resources: ResourceJudge;
  /** What this rule set would have kept. */
  readonly #kept = new Map<string, MeteringRecord>();
  /** Keys under which AWS has accepted something in this trail. */
  readonly #acceptedByAws = new Set<string>();

  constructor(ruleSet: RuleSet, market: MarketOfTrail) {
    this.#ruleSet = ruleSet;
    this.#market = market;
    this.#resources = new ResourceJudge(ruleSet, market);
  }

  judge(call: TrailCall): Verdict {
    switch (call.operation) {
      case "ResolveCustomer":
        return { notJudged: "token-hidden" };
      case "RegisterUsage":
        return this.#resources.registerUsage(call);
      case "MeterUsage":
        return this.#resources.meterUsage(call);
      case "BatchMeterUsage":
        return verdictBeforehand(call) ?? this.#judgeBatch(call);
    }
  }

  #judgeBatch(call: BatchCall): Verdict {
    const { answer: given, input = { usageRecords: [] } } = call;
    const compareds = this.#comparable(call);
    const usageRecords = compareds.map(({ record }) => record);
    const left = input.usageRecords.length - usageRecords.length;
    if (usageRecords.length === 0 && left > 0) return { notJudged: "no-record-to-compare" };
    const request = { callerAccountId: call.accountId, region: call.region, input: { ...input, usageRecords } };
    const keys = keysOf(request);
    const aws = given.error ?? statusesText(compareds.map(({ status }) => status));
    const { decision, verdict } = atSomeMoment(call.atMs, (nowMs) => {
      const decided = decideBatchMeterUsage(request, keys, {
        catalogue: this.#market.catalogue,
        nowMs,
        ruleSet: this.#ruleSet,
        kept: keys.map((key) => this.#kept.get(keyText(key))),
        meteringRecordId: (position) => `${call.requestId}#${position}`,
      });
      return { decision: decided, verdict: compared(aws, answerOf(decided), left) };
    });
    if (!verdict.same && isOfElsewhere(given.error)) return { notJudged: "refused-by-what-the-trail-lacks" };
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
  #comparable(call: BatchCall): readonly { readonly record: UsageRecord; readonly status: string }[] {
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

function awsKey({ accountId, region, input }: BatchCall, record: UsageRecord): string {
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
