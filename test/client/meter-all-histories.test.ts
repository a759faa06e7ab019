/**
 * Random runs of `meterAll` against a service whose answers are lost, late or half done, and that end in the middle: by a
 * break, a throw, an abort, a close. What the results say is held against what the service has kept.
 */
import { setTimeout as wait } from "node:timers/promises";
import * as fc from "fast-check";
import type { MeterAllResult, MeterableRecord } from "@countinghouse/client";
import { expect, test } from "vitest";
import { clientOf } from "../support/client.ts";
import { MeteringService, type Happening } from "../support/metering-service.ts";

const SEED = Number(process.env["HISTORIES_SEED"] ?? Date.now() % 0x8000_0000);
const RUNS = Number(process.env["HISTORIES_RUNS"] ?? 60);
/** As a failure names it, to begin with the very run that failed. */
const PATH = process.env["HISTORIES_PATH"] ?? "";

/** How a run ends: by itself, or by what is done at the result, or at the request, of that number. */
interface End {
  readonly by: "itself" | "break" | "throw" | "abort" | "close";
  readonly at: "result" | "request";
  readonly number: number;
}

interface History {
  readonly count: number;
  readonly happenings: readonly Happening[];
  readonly end: End;
  readonly concurrency: number;
  readonly maxAttempts: number;
  readonly resendsMax: number;
  /** Over connections of the client's own, or over `fetch`, which can be counted. */
  readonly overFetch: boolean;
}

const happening = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Happening>("fine") },
  {
    weight: 9,
    arbitrary: fc.constantFrom<Happening>(
      "lost before",
      "lost after",
      "fault before",
      "fault after",
      "unprocessed",
      "half unprocessed",
      "not subscribed",
      "duplicates",
      "throttled",
    ),
  },
);
const ending: fc.Arbitrary<End> = fc.oneof(
  fc.constant({ by: "itself", at: "result", number: 0 } as const),
  fc.record({
    by: fc.constantFrom("break", "throw", "abort", "close"),
    at: fc.constant("result"),
    number: fc.nat(150),
  } as const),
  fc.record({ by: fc.constantFrom("abort", "close"), at: fc.constant("request"), number: fc.nat(12) } as const),
);
const history: fc.Arbitrary<History> = fc.record({
  count: fc.integer({ min: 1, max: 300 }),
  happenings: fc.array(happening, { minLength: 1, maxLength: 30 }),
  end: ending,
  concurrency: fc.integer({ min: 1, max: 8 }),
  maxAttempts: fc.integer({ min: 1, max: 3 }),
  resendsMax: fc.integer({ min: 0, max: 3 }),
  overFetch: fc.boolean(),
});

/** Delays as they are, a hundred times shorter. */
const world = {
  delay: (milliseconds: number, signal?: AbortSignal): Promise<void> =>
    wait(milliseconds / 100, undefined, signal === undefined ? {} : { signal }),
};

const done = { runs: 0, requests: 0, results: 0, doubts: 0, endedEarly: 0 };

async function play({ count, happenings, end, overFetch, maxAttempts, ...options }: History): Promise<void> {
  const controller = new AbortController();
  let closed: Promise<void> | undefined;
  let begun = 0;
  let begunAtEnd: number | undefined;
  const act = (): void => {
    done.endedEarly += 1;
    if (end.by === "close") closed ??= client.close();
    if (end.by === "abort") controller.abort();
    if (end.by !== "close") begunAtEnd ??= begun;
  };
  const service = await MeteringService.open((index) => {
    if (end.at === "request" && index === end.number) act();
    return happenings[index % happenings.length] ?? "fine";
  });
  const counted = (url: string, init: RequestInit): Promise<Response> => {
    begun += 1;
    return fetch(url, init);
  };
  const client = clientOf(service.url, { world, maxAttempts, ...(overFetch ? { fetch: counted } : {}) });
  const records = Array.from({ length: count }, (_, i): MeterableRecord => ({
    timestamp: Date.now(),
    customerIdentifier: `c${i}`,
    dimension: "d",
    quantity: i,
  }));
  const run = client.meterAll(records, {
    productCode: "p",
    requestsPerSecond: 200,
    signal: controller.signal,
    ...options,
  });
  const results = await heardOf(run, end, act);
  await (closed ?? client.close());
  check({ service, records, results, mayLack: end.by === "break" || end.by === "throw" });
  if (begunAtEnd !== undefined) expect(begun, "nothing new is begun after the end").toBe(begunAtEnd);
  done.runs += 1;
  done.requests += service.heard.length;
  done.results += results.length;
  done.doubts += results.filter((result) => result.status === "undecided" && result.mayBeMetered).length;
}

/** Goes through the results, and ends the run as it is to be ended. */
async function heardOf(
  run: AsyncIterable<MeterAllResult<MeterableRecord>>,
  { by, at, number }: End,
  act: () => void,
): Promise<MeterAllResult<MeterableRecord>[]> {
  const results: MeterAllResult<MeterableRecord>[] = [];
  const enough = new Error("Enough.");
  try {
    for await (const result of run) {
      results.push(result);
      if (by === "itself" || at !== "result" || results.length !== number + 1) continue;
      act();
      if (by === "break") break;
      if (by === "throw") throw enough;
    }
  } catch (error) {
    if (error !== enough) throw error;
  }
  return results;
}

interface Told {
  readonly service: MeteringService;
  readonly records: readonly MeterableRecord[];
  readonly results: readonly MeterAllResult<MeterableRecord>[];
  /** Whether nobody heard the results to their end. */
  readonly mayLack: boolean;
}

function check({ service, records, results, mayLack }: Told): void {
  const byIndex = new Map(results.map((result) => [result.index, result]));
  expect(byIndex.size, "a record has one result").toBe(results.length);
  if (!mayLack) expect(byIndex.size, "every record has a result").toBe(records.length);
  for (const [index, record] of records.entries()) {
    const result = byIndex.get(index);
    if (result === undefined) continue;
    expect(result.record).toBe(record);
    const kept = service.idOf(record.customerIdentifier ?? "", record.dimension);
    if (result.status === "accepted" || result.status === "replay") expect(kept).toBe(result.meteringRecordId);
    else if (kept !== undefined)
      expect(result, "it is kept").toMatchObject({ status: "undecided", mayBeMetered: true });
  }
}

test(
  "what a run says is what the ledger has, whatever happens on the way and however it ends",
  async () => {
    try {
      await fc.assert(fc.asyncProperty(history, play), { seed: SEED, numRuns: RUNS, path: PATH });
    } catch (error) {
      throw new Error(`HISTORIES_SEED=${SEED} repeats this.\n${(error as Error).message}`, { cause: error });
    } finally {
      process.stdout.write(`meterAll: ${JSON.stringify(done)}, HISTORIES_SEED=${SEED}\n`);
    }
    expect(done.runs).toBeGreaterThanOrEqual(PATH === "" ? RUNS : 1);
  },
  60_000 + RUNS * 1_000,
);
