/** Judges what metered resources call: MeterUsage and RegisterUsage. */
import { metersItself, type RuleSet } from "@countinghouse/protocol";
import { decideMeterUsage, meterUsageKeys, type MeterUsageDecision } from "../domain/decide/meter-usage.ts";
import { clientTokenKey, keyText, type MeteringRecord } from "../domain/metering/metering-record.ts";
import type { MarketOfTrail, TrailPlatform } from "./market-of-trail.ts";
import type { TrailCall } from "./trail-call.ts";
import { atSomeMoment, compared, isOfElsewhere, verdictBeforehand, type Verdict } from "./verdict.ts";

type MeterCall = Extract<TrailCall, { operation: "MeterUsage" }>;
type RegisterCall = Extract<TrailCall, { operation: "RegisterUsage" }>;

const AGAINST_ANOTHER = /^(?:DuplicateRequest|IdempotencyConflict)/;
const BEFORE_REGISTRATION = /^(?:CustomerNotEntitled|PlatformNotSupported)/;

/**
 * The caller's credentials stand for its resource. That the resource runs, in its region and with an agreement, is taken for
 * granted: the trail does not say it.
 */
export class ResourceJudge {
  readonly #ruleSet: RuleSet;
  readonly #market: MarketOfTrail;
  /** What this rule set would have kept. */
  readonly #kept = new Map<string, MeteringRecord>();
  /** Keys under which AWS has accepted something in this trail. */
  readonly #acceptedByAws = new Set<string>();
  /** Callers with their products that AWS has registered in this trail. */
  readonly #registered = new Set<string>();

  constructor(ruleSet: RuleSet, market: MarketOfTrail) {
    this.#ruleSet = ruleSet;
    this.#market = market;
  }

  meterUsage(call: MeterCall): Verdict {
    const beforehand = verdictBeforehand(call);
    if (beforehand !== undefined || call.input === undefined) return beforehand ?? { notJudged: "request-missing" };
    const { input, accountId, region, eventId, caller = `of ${eventId}`, byLastingKey, answer: { error } } = call; // prettier-ignore
    const platform: TrailPlatform = metersItself.ecs(region) ? "ecs" : "ec2";
    const session = byLastingKey ? undefined : { resourceId: caller, platform };
    const request = { callerAccountId: accountId, region, session, input };
    const keys = meterUsageKeys(request);
    const texts = keys.map(keyText);
    const judgeAt = (nowMs: number) => {
      const running = { externalId: "", startedAtMs: 0, heardAtMs: nowMs, registrations: [] };
      const decision = decideMeterUsage(request, keys, {
        catalogue: this.#market.resources[platform],
        nowMs,
        ruleSet: this.#ruleSet,
        resource: session === undefined ? undefined : { ...running, ...session, accountId, region },
        kept: texts.map((text) => this.#kept.get(text)),
        meteringRecordId: call.requestId,
      });
      return { decision, verdict: compared(error ?? "taken", answerOf(decision), 0) };
    };
    const { decision, verdict } = atSomeMoment(call.atMs, judgeAt);
    if (!verdict.same && isOfElsewhere(error)) return { notJudged: "refused-by-what-the-trail-lacks" };
    if (!verdict.same && error !== undefined && AGAINST_ANOTHER.test(error)) {
      // Under these keys AWS has accepted nothing here.
      if (!texts.some((text) => this.#acceptedByAws.has(text))) return { notJudged: "metered-before" };
    }
    const [key] = keys;
    if (error === undefined && input.dryRun !== true && key !== undefined) {
      this.#acceptedByAws.add(keyText(key));
      if (input.clientToken !== undefined) this.#acceptedByAws.add(keyText(clientTokenKey(key, input.clientToken)));
    }
    if (decision.rejected !== undefined || decision.dryRun !== undefined) return verdict;
    const { usageRecord, meteringRecordId, accepted } = decision;
    const { timestampMs, dimension, usageAllocations } = usageRecord;
    for (const { key: under, quantity } of accepted) {
      this.#kept.set(keyText(under), { meteringRecordId, timestampMs, dimension, quantity, usageAllocations });
    }
    return verdict;
  }

  /** Rule Y5: who has registered is registered, whatever has become of its agreement. Rule X2: no lasting key registers. */
  registerUsage(call: RegisterCall): Verdict {
    const beforehand = verdictBeforehand(call);
    if (beforehand !== undefined) return beforehand;
    const { caller, byLastingKey, input, answer: { error } } = call; // prettier-ignore
    if (byLastingKey) {
      const verdict = compared(error ?? "taken", { text: "PlatformNotSupportedException", rule: "X2" }, 0);
      return verdict.same || !isOfElsewhere(error) ? verdict : { notJudged: "refused-by-what-the-trail-lacks" };
    }
    const registration = `${caller}\n${input?.productCode}`;
    const isRegistered = caller !== undefined && this.#registered.has(registration);
    if (error !== undefined) {
      if (isRegistered && BEFORE_REGISTRATION.test(error)) return compared(error, { text: "taken", rule: "Y5" }, 0);
      return { notJudged: "refused-by-what-the-trail-lacks" };
    }
    if (isRegistered) return compared("taken", { text: "taken" }, 0);
    this.#registered.add(registration);
    return { notJudged: "first-registration" };
  }
}

function answerOf({ rejected }: MeterUsageDecision): { readonly text: string; readonly rule?: string } {
  return rejected === undefined ? { text: "taken" } : { text: rejected.code, rule: rejected.rule };
}
