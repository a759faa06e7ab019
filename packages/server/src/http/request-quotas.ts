/**
 * Request quotas, kept by this server alone: one bucket for each account, region and operation that has called within
 * the last second. Rules Q2 and Q3.
 */
import type { RequestQuota } from "@countinghouse/protocol";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { Caller } from "../identity/caller.ts";

export interface RequestQuotasOptions {
  /** By operation; one that is not listed has no quota. */
  readonly quotas: Readonly<Record<string, RequestQuota>>;
  readonly monotonicMs: () => number;
}

/** Whole microseconds, so that ten steps of a tenth are a second. */
const SECOND_MICROS = 1_000_000;

export class RequestQuotas {
  readonly #options: RequestQuotasOptions;
  /** When each bucket is full again; those that have been left alone longest come first. */
  readonly #fullAtMicros = new Map<string, number>();

  constructor(options: RequestQuotasOptions) {
    this.#options = options;
  }

  /** Buckets that are held in memory. */
  get held(): number {
    return this.#fullAtMicros.size;
  }

  /** Takes one request out of the caller's bucket; answers why not, where it is empty. */
  take({ accountId, region }: Pick<Caller, "accountId" | "region">, operation: string): Rejection | undefined {
    const quota = this.#options.quotas[operation];
    if (quota === undefined) return undefined;
    const { requestsPerSecond, rule } = quota;
    const nowMicros = Math.round(this.#options.monotonicMs() * 1_000);
    this.#dropFull(nowMicros);
    const bucket = `${accountId}\n${region}\n${operation}`;
    const fullAtMicros =
      Math.max(this.#fullAtMicros.get(bucket) ?? 0, nowMicros) + Math.ceil(SECOND_MICROS / requestsPerSecond);
    if (fullAtMicros - nowMicros > SECOND_MICROS) {
      return rejection("ThrottlingException", rule, "Rate exceeded", { operation, requestsPerSecond });
    }
    this.#fullAtMicros.delete(bucket);
    this.#fullAtMicros.set(bucket, fullAtMicros);
    return undefined;
  }

  /** A full bucket is the same as none. Each is full a second after it was taken from, so no more than that are held. */
  #dropFull(nowMicros: number): void {
    for (const [bucket, fullAtMicros] of this.#fullAtMicros) {
      if (fullAtMicros > nowMicros) return;
      this.#fullAtMicros.delete(bucket);
    }
  }
}
