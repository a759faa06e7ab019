/** One run of `bench/meter-all.ts`, in a process of its own. */
import { MarketplaceMeteringClient, type MeterableRecord, type Transport } from "@countinghouse/client";

export interface MeterAllTurn {
  readonly records: number;
  /** Measures the heap after a collection, which takes time; without it, the blocks of the event loop are measured. */
  readonly measuresHeap: boolean;
  readonly window?: number;
}

export interface MeterAllFigures {
  readonly longestBlockMs: number;
  readonly heapMaxMiB: number;
  readonly microsecondsPerRecord: number;
  /** Time for the last quarter's results, divided by the time for the first quarter's. */
  readonly lastQuarterToFirst: number;
}

const HOUR_MS = 3_600_000;
const CUSTOMERS = 1_000;
const HOURS = 20;

const [, , argument = "{}"] = process.argv;
const turn = JSON.parse(argument) as MeterAllTurn;

const HEAP_EVERY = turn.records / 10;

let metered = 0;
const transport: Transport = {
  send: async ({ body }) => {
    const { UsageRecords } = JSON.parse(body) as { readonly UsageRecords: readonly object[] };
    const Results = UsageRecords.map((UsageRecord) => ({
      UsageRecord,
      MeteringRecordId: `00000000-0000-4000-8000-${String((metered += 1)).padStart(12, "0")}`,
      Status: "Success",
    }));
    await new Promise<void>((resolve) => void setImmediate(resolve));
    const headers: Readonly<Record<string, string>> = { date: new Date().toUTCString() };
    return { status: 200, header: (name) => headers[name], text: JSON.stringify({ Results, UnprocessedRecords: [] }) };
  },
  close: () => undefined,
};

function* usage(): Generator<MeterableRecord> {
  const now = Date.now();
  for (let i = 0; i < turn.records; i += 1) {
    yield {
      timestamp: now - (Math.floor(i / CUSTOMERS) % HOURS) * HOUR_MS,
      customerIdentifier: `customer-${i % CUSTOMERS}`,
      dimension: `dimension-${Math.floor(i / (CUSTOMERS * HOURS))}`,
      quantity: i,
    };
  }
}

const client = new MarketplaceMeteringClient({
  region: "us-east-1",
  credentials: { accessKeyId: "AKIDEXAMPLE", secretAccessKey: "secret" },
  transport,
});

let longestBlockMs = 0;
let ticked = process.threadCpuUsage();
const timer = setInterval(() => {
  // Processor time of this thread: on a busy machine, a clock would also count other processes.
  const { user, system } = process.threadCpuUsage(ticked);
  longestBlockMs = Math.max(longestBlockMs, (user + system) / 1000);
  ticked = process.threadCpuUsage();
}, 1);

let heapMax = 0;
let results = 0;
const quartersMs: number[] = [];
const beganMs = performance.now();
const { window } = turn;
for await (const { status } of client.meterAll(usage(), {
  productCode: "p",
  requestsPerSecond: 1e6,
  ...(window === undefined ? {} : { window }),
})) {
  if (status !== "accepted") throw new Error(status);
  results += 1;
  if (turn.measuresHeap && results % HEAP_EVERY === 1) {
    globalThis.gc?.();
    heapMax = Math.max(heapMax, process.memoryUsage().heapUsed);
  }
  if (results % (turn.records / 4) === 0 || results === 1) quartersMs.push(performance.now());
}
const endedMs = performance.now();
clearInterval(timer);
const [first = 0, second = 0, , fourth = 0, last = 0] = quartersMs;
const figures: MeterAllFigures = {
  longestBlockMs,
  heapMaxMiB: heapMax / 1_048_576,
  microsecondsPerRecord: ((endedMs - beganMs) * 1000) / turn.records,
  lastQuarterToFirst: (last - fourth) / (second - first),
};
process.send?.(figures, () => process.disconnect());
