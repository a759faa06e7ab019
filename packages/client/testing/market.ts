/** A market in memory that answers batches as the service does, and fails as the service may: for tests of `meterAll`. */
import { windowFault, type AcceptanceWindow } from "@countinghouse/protocol";
import { MeteringError, type Outcome } from "../src/outcome.ts";
import type { BatchMeterUsageInput, BatchMeterUsageOutput, UsageRecord } from "../src/operations.ts";
import { epochMsOf } from "../src/time.ts";
import type { MeterableRecord } from "../src/batch/line.ts";
import { KnownIds } from "../src/meter-all/lines/remembered.ts";
import { MeterAllRun } from "../src/meter-all/meter-all.ts";
import type { MeterAllOptions } from "../src/meter-all/options.ts";
import type { Metering } from "../src/meter-all/sending/sender.ts";

/** What a dimension makes the market answer: `bad-dimension`, `late`, `stranger`, `unsubscribed`; others are fine. */
const REFUSALS: Readonly<Record<string, string>> = {
  "bad-dimension": "InvalidUsageDimensionException",
  late: "TimestampOutOfBoundsException",
  stranger: "InvalidCustomerIdentifierException",
};

interface Trouble {
  /** A number from 0 to below 1 for each request, which says what trouble the request meets. */
  readonly dice: () => number;
}

export class Market implements Metering {
  readonly world: Metering["world"] = {
    random: () => 0.5,
    delay: () => Promise.resolve(),
    // Time passes with every look at the clock, so that it is always time to give way.
    monotonicMs: () => (this.#looks += 1),
    giveWay: () => new Promise((resolve) => void setTimeout(resolve, 0)),
  };
  readonly logger = {};
  #looks = 0;
  readonly batches: BatchMeterUsageInput[] = [];
  /** What is metered: the record and its id, by key. */
  readonly metered = new Map<string, { readonly record: UsageRecord; readonly id: string }>();
  readonly #nowMs: number;
  readonly #dice: () => number;
  /** Where it is set, a record outside the window makes the market refuse its batch. */
  window: AcceptanceWindow | undefined;
  #toldMs: number | undefined;

  constructor(nowMs: number, trouble: Trouble = { dice: () => 1 }) {
    this.#nowMs = nowMs;
    this.#dice = trouble.dice;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  toldMs(): number | undefined {
    return this.#toldMs;
  }

  async batchMeterUsage(
    input: BatchMeterUsageInput,
    { noMoreAttempts }: Parameters<Metering["batchMeterUsage"]>[1],
  ): Promise<Outcome<BatchMeterUsageOutput>> {
    await Promise.resolve();
    if (noMoreAttempts?.aborted === true) return fail("AbortError", { fault: "client" });
    this.batches.push(input);
    const dice = this.#dice();
    // An answer that is lost tells no time.
    if (dice < 0.15 || dice >= 0.2) this.#toldMs = this.#nowMs;
    if (dice < 0.1) return fail("ThrottlingException", {});
    if (dice < 0.15) return fail("InternalServiceErrorException", { mayHaveSucceeded: true });
    const refused = input.usageRecords.map((record) => this.#refusal(record)).find((name) => name !== undefined);
    if (refused !== undefined) return fail(refused, {});
    const answer = this.#answer(input, dice);
    // The request was done, and its answer is lost.
    if (dice >= 0.15 && dice < 0.2) return fail("ConnectionError", { retry: "transient", mayHaveSucceeded: true });
    const metadata = { requestId: "r", status: 200, attempts: 1, retryDelayMs: 0, earlierMayHaveSucceeded: false };
    return { ok: true, result: answer, metadata };
  }

  #refusal({ dimension, timestamp }: UsageRecord): string | undefined {
    const { window } = this;
    const fault = window === undefined ? undefined : windowFault(epochMsOf(timestamp), window, this.#nowMs);
    return fault === undefined ? REFUSALS[dimension] : REFUSALS["late"];
  }

  #answer({ productCode, usageRecords }: BatchMeterUsageInput, dice: number): BatchMeterUsageOutput {
    const results: BatchMeterUsageOutput["results"][number][] = [];
    const unprocessedRecords: BatchMeterUsageOutput["unprocessedRecords"][number][] = [];
    for (const [i, record] of usageRecords.entries()) {
      const usageRecord = { ...record, timestamp: new Date(epochMsOf(record.timestamp)) };
      if (dice >= 0.2 && dice < 0.4 && i % 2 === 0) unprocessedRecords.push(usageRecord);
      else results.push({ usageRecord, ...this.#meter(productCode, record) });
    }
    return { results: results.toReversed(), unprocessedRecords };
  }

  #meter(
    productCode: string | undefined,
    record: UsageRecord,
  ): { readonly status: string; readonly meteringRecordId?: string } {
    if (record.dimension === "unsubscribed") return { status: "CustomerNotSubscribed" };
    const key = keyOf(productCode, record);
    const kept = this.metered.get(key);
    if (kept !== undefined) {
      const status = kept.record.quantity === record.quantity ? "Success" : "DuplicateRecord";
      return { status, meteringRecordId: kept.id };
    }
    const id = `id-${this.metered.size + 1}`;
    this.metered.set(key, { record, id });
    return { status: "Success", meteringRecordId: id };
  }
}

/** A second implementation of keys. */
export function keyOf(productCode: string | undefined, record: UsageRecord): string {
  const hour = new Date(epochMsOf(record.timestamp)).toISOString().slice(0, 13);
  const customer = record.customerAccountId ?? `by identifier ${record.customerIdentifier}`;
  return `${hour} ${record.licenseArn ?? productCode} ${customer} ${record.dimension}`;
}

function fail(
  name: string,
  details: Partial<ConstructorParameters<typeof MeteringError>[0]>,
): Outcome<BatchMeterUsageOutput> {
  return { ok: false, error: new MeteringError({ message: name, ...details, name }) };
}

export const NOW_MS = Date.parse("2026-07-15T12:30:00Z");
export const HOUR_MS = 3_600_000;

/** Also takes what the types forbid, such as two customers. */
export const record = (dimension: string, more: Partial<MeterableRecord> = {}): MeterableRecord =>
  ({
    timestamp: NOW_MS,
    productCode: "p",
    customerIdentifier: "c",
    dimension,
    quantity: 1,
    ...more,
  }) as MeterableRecord;

export function run(
  records: Iterable<MeterableRecord> | AsyncIterable<MeterableRecord>,
  options: MeterAllOptions = {},
  market = new Market(NOW_MS),
  knownIds = new KnownIds(),
): { readonly market: Market; readonly run: MeterAllRun<MeterableRecord> } {
  return { market, run: new MeterAllRun(records, options, market, knownIds) };
}

export const allocation = (allocatedUsageQuantity: number, ...keys: string[]) => ({
  allocatedUsageQuantity,
  ...(keys.length === 0 ? {} : { tags: keys.map((key) => ({ key, value: "v" })) }),
});

/** The time this many minutes ago. */
export const minutes = (count: number): number => NOW_MS - count * 60_000;
