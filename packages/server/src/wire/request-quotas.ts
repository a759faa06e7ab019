/**
 * Request quotas, which this server keeps for itself. Each account and operation that has called within the last second has one
 * bucket for each region, and one for all regions together. Rules Q2, Q3 and Q4.
 */
import { REGIONS_WORTH_MAX, awsRegions, type RequestQuota } from "@countinghouse/protocol";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { Caller } from "../identity/caller.ts";

interface RequestQuotasOptions {
  /** By operation; an operation that is not listed has no quota. */
  readonly quotas: Readonly<Record<string, RequestQuota>>;
  readonly monotonicMs: () => number;
}

/** Counted in whole microseconds, so that ten steps of a tenth are exactly a second. */
const SECOND_MICROS = 1_000_000;
/** All regions that AWS does not have share this one. */
const OTHER_REGION = "other";

export class RequestQuotas {
  readonly #options: RequestQuotasOptions;
  /** When each bucket will be full again. */
  readonly #fullAtMicros = new Map<string, number>();

  constructor(options: RequestQuotasOptions) {
    this.#options = options;
  }

  get held(): number {
    return this.#fullAtMicros.size;
  }

  /** Takes one request out of the caller's buckets; answers the refusal where a bucket is empty. */
  take({ accountId, region }: Pick<Caller, "accountId" | "region">, operation: string): Rejection | undefined {
    const quota = this.#options.quotas[operation];
    if (quota === undefined) return undefined;
    const { requestsPerSecond, rule } = quota;
    const nowMicros = Math.round(this.#options.monotonicMs() * 1_000);
    this.#dropFull(nowMicros);
    const ofAccount = `${accountId}\n${operation}`;
    const buckets: readonly (readonly [string, number])[] = [
      [`${awsRegions.has(region) ? region : OTHER_REGION}\n${ofAccount}`, requestsPerSecond],
      [`\n${ofAccount}`, requestsPerSecond * REGIONS_WORTH_MAX],
    ];
    const taken = buckets.map(([bucket, perSecond]) => ({
      bucket,
      fullAtMicros: Math.max(this.#fullAtMicros.get(bucket) ?? 0, nowMicros) + Math.ceil(SECOND_MICROS / perSecond),
    }));
    if (taken.some(({ fullAtMicros }) => fullAtMicros - nowMicros > SECOND_MICROS)) {
      return rejection("ThrottlingException", rule, "Rate exceeded", { operation, requestsPerSecond });
    }
    for (const { bucket, fullAtMicros } of taken) {
      this.#fullAtMicros.delete(bucket);
      this.#fullAtMicros.set(bucket, fullAtMicros);
    }
    return undefined;
  }

  /**
   * A full bucket is the same as none. A bucket is full again at most a second after its last request. The buckets that were
   * used longest ago come first, so these are full first, to within a second.
   */
  #dropFull(nowMicros: number): void {
    for (const [bucket, fullAtMicros] of this.#fullAtMicros) {
      if (fullAtMicros > nowMicros) return;
      this.#fullAtMicros.delete(bucket);
    }
  }
}
