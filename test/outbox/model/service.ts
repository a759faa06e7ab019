/**
 * A metering service in this process, as AWS describes it: first write wins, windows, agreements, batches refused as a whole.
 * It stands in for the running server where ten thousand histories have to be lived through; `month.test.ts` lives one with it.
 */
import {
  MeteringError,
  type BatchMeterUsageInput,
  type BatchMeterUsageOutput,
  type Outcome,
  type UsageRecord,
} from "@countinghouse/client";
import type { MeteringClient } from "@countinghouse/outbox";

/** What becomes of a call. `held`: kept, and not answered before `release` is called. */
export type Happening =
  | "fine"
  | "lost before"
  | "lost after"
  | "fault after"
  | "throttled"
  | "unprocessed"
  | "half unprocessed"
  | "held before"
  | "held after";

export interface KeptRecord {
  readonly id: string;
  readonly quantity: number;
  readonly text: string;
  readonly record: UsageRecord;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export class ModelService {
  nowMs: number;
  readonly kept = new Map<string, KeptRecord>();
  /** Customers without an agreement at the moment, by account. */
  readonly suspended = new Set<string>();
  readonly unknownDimensions = new Set<string>();
  /** What the next calls meet; then all is fine. */
  script: Happening[] = [];
  /** Is told of each call before anything is done. */
  onCall: (records: readonly UsageRecord[]) => Promise<void> = async () => undefined;
  readonly #identicalIs: "Success" | "DuplicateRecord";
  #release: (() => void) | undefined;

  constructor(nowMs: number, identicalIs: "Success" | "DuplicateRecord") {
    this.nowMs = nowMs;
    this.#identicalIs = identicalIs;
  }

  /** A client of it, as one process has it: what it knows of the time is what it was told. */
  client(machineMs: () => number): MeteringClient {
    let told: { readonly serviceMs: number; readonly machineMs: number } | undefined;
    return {
      destination: async () => ({ endpoint: "https://metering.example/", region: "us-east-1" }),
      serviceTime: () => (told === undefined ? undefined : new Date(told.serviceMs + machineMs() - told.machineMs)),
      batchMeterUsageOutcome: async (input) => {
        const outcome = await this.#answer(input);
        if (outcome.ok || outcome.error.status !== undefined) told = { serviceMs: this.nowMs, machineMs: machineMs() };
        return outcome;
      },
    };
  }

  /** Lets a call that was held go on. */
  release(): void {
    this.#release?.();
    this.#release = undefined;
  }

  get isHolding(): boolean {
    return this.#release !== undefined;
  }

  async #answer({ productCode, usageRecords }: BatchMeterUsageInput): Promise<Outcome<BatchMeterUsageOutput>> {
    if (usageRecords.length === 0) return this.#success([], []);
    await this.onCall(usageRecords);
    const happening = this.script.shift() ?? "fine";
    switch (happening) {
      case "throttled":
        return failure("ThrottlingException", 400, false);
      case "lost before":
        return failure("ConnectionError", undefined, true);
      case "lost after":
      case "fault after":
        this.#keepAll(productCode, usageRecords);
        return happening === "lost after"
          ? failure("ConnectionError", undefined, true)
          : failure("InternalServiceErrorException", 500, true);
      case "unprocessed":
        return this.#success([], usageRecords);
      case "half unprocessed": {
        const middle = Math.ceil(usageRecords.length / 2);
        return this.#keepAll(productCode, usageRecords.slice(middle), usageRecords.slice(0, middle));
      }
      case "held before":
        await this.#hold();
        return this.#keepAll(productCode, usageRecords);
      case "held after": {
        const outcome = this.#keepAll(productCode, usageRecords);
        await this.#hold();
        return outcome;
      }
      case "fine":
        return this.#keepAll(productCode, usageRecords);
    }
  }

  async #hold(): Promise<void> {
    await new Promise<void>((resolve) => (this.#release = resolve));
  }

  #keepAll(
    productCode: string | undefined,
    records: readonly UsageRecord[],
    unprocessed: readonly UsageRecord[] = [],
  ): Outcome<BatchMeterUsageOutput> {
    for (const { timestamp, dimension } of records) {
      const atMs = (timestamp as Date).getTime();
      if (isOutOfBounds(atMs, this.nowMs)) return failure("TimestampOutOfBoundsException", 400, false);
      if (this.unknownDimensions.has(dimension)) return failure("InvalidUsageDimensionException", 400, false);
    }
    return this.#success(
      records.map((record) => this.#keep(productCode, record)),
      unprocessed,
    );
  }

  #keep(productCode: string | undefined, record: UsageRecord): BatchMeterUsageOutput["results"][number] {
    const { timestamp, dimension, quantity = 0, customerAccountId = "", licenseArn, usageAllocations } = record;
    const usageRecord = { ...record, timestamp: timestamp as Date };
    const hour = Math.floor((timestamp as Date).getTime() / HOUR_MS);
    const key = JSON.stringify([licenseArn ?? productCode, customerAccountId, dimension, hour]);
    const text = JSON.stringify([quantity, usageAllocations]);
    const before = this.kept.get(key);
    if (before !== undefined) {
      const status = before.text === text ? this.#identicalIs : "DuplicateRecord";
      return { usageRecord, status, meteringRecordId: before.id };
    }
    if (this.suspended.has(customerAccountId)) return { usageRecord, status: "CustomerNotSubscribed" };
    const id = `id-${this.kept.size + 1}`;
    this.kept.set(key, { id, quantity, text, record });
    return { usageRecord, status: "Success", meteringRecordId: id };
  }

  #success(
    results: BatchMeterUsageOutput["results"],
    unprocessed: readonly UsageRecord[],
  ): Outcome<BatchMeterUsageOutput> {
    const unprocessedRecords = unprocessed.map((record) => ({ ...record, timestamp: record.timestamp as Date }));
    const metadata = { requestId: "r", status: 200, attempts: 1, retryDelayMs: 0, earlierMayHaveSucceeded: false };
    return { ok: true, result: { results, unprocessedRecords }, metadata };
  }
}

/** Rules W2, W3, W4, as they are written. */
export function isOutOfBounds(atMs: number, nowMs: number): boolean {
  const now = new Date(nowMs);
  const monthMs = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  return atMs > nowMs + 900_000 || atMs <= nowMs - DAY_MS || (atMs < monthMs && nowMs >= monthMs + 6 * HOUR_MS);
}

function failure(name: string, status: number | undefined, mayHaveSucceeded: boolean): Outcome<BatchMeterUsageOutput> {
  const isClients = status === 400 && name !== "ThrottlingException";
  const retry = isClients ? "never" : "transient";
  const error = new MeteringError({ name, message: "So it is.", retry, status, attempts: 1, mayHaveSucceeded });
  return { ok: false, error };
}
