/** What the server counts and measures, in Prometheus' form. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

export interface Metrics {
  readonly registry: Registry;
  readonly onRequest: (operation: string, code: string, seconds: number) => void;
  readonly onCommitted: (group: { readonly works: number; readonly records: number }) => void;
  readonly onFaultHit: (operation: string, kind: string) => void;
  readonly onSetOtherwise: (objects: number) => void;
  /** A call that changed nothing, and of which nothing was kept. */
  readonly onSpared: (operation: string, code: string) => void;
  readonly aroundCommit: (commit: () => Promise<void>) => Promise<void>;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What is told when it is asked. */
export interface MeasuredLedger {
  /** The work that waits. */
  readonly queued: () => number;
  /** Products whose usage cannot be committed, while that of others can. */
  readonly stuckProducts: () => number;
  /** How long the store's log is; undefined where it has none. */
  readonly logBytes: () => number | undefined;
  /** Room on the ledger's disk, where that can be told. */
  readonly freeBytes: () => number | undefined;
}

/** `nowMs` is a monotonic clock. */
export function createMetrics(
  nowMs: () => number,
  { queued, stuckProducts, logBytes, freeBytes }: MeasuredLedger,
): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const requests = new Counter({
    name: "countinghouse_requests_total",
    help: "Requests on the wire, by operation and error name (ok where there was none).",
    labelNames: ["operation", "code"],
    registers,
  });
  const seconds = new Histogram({
    name: "countinghouse_request_seconds",
    help: "Time from a whole request to its answer, by operation.",
    labelNames: ["operation"],
    buckets: SECONDS,
    registers,
  });
  const commitSeconds = new Histogram({
    name: "countinghouse_commit_seconds",
    help: "Time of one group commit, its flush to disk included.",
    buckets: SECONDS,
    registers,
  });
  const commitWorks = new Histogram({
    name: "countinghouse_commit_works",
    help: "Requests that shared one commit.",
    buckets: [1, 2, 4, 8, 16, 32, 64, 128, 256],
    registers,
  });
  const failedCommits = new Counter({
    name: "countinghouse_failed_commits_total",
    help: "Group commits that failed; nothing of them was kept.",
    registers,
  });
  const records = new Counter({
    name: "countinghouse_metering_records_total",
    help: "Metering records kept.",
    registers,
  });
  const faultHits = new Counter({
    name: "countinghouse_fault_hits_total",
    help: "Requests hit by a fault on demand, by operation and kind.",
    labelNames: ["operation", "kind"],
    registers,
  });
  const setOtherwise = new Gauge({
    name: "countinghouse_catalogue_objects_set_otherwise",
    help: "Objects of this server's catalogue file that the file of another server has set otherwise since.",
    registers,
  });
  const spared = new Counter({
    name: "countinghouse_calls_not_kept_total",
    help: "Calls that changed nothing and were counted, not kept: over their account's budget, or for want of room on the disk.",
    labelNames: ["operation", "code"],
    registers,
  });
  registers[0]?.registerMetric(
    new Gauge({
      name: "countinghouse_stuck_products",
      help: "Products whose usage cannot be committed for now, while other work can.",
      registers: [],
      collect() {
        this.set(stuckProducts());
      },
    }),
  );
  registers[0]?.registerMetric(
    new Gauge({
      name: "countinghouse_free_bytes",
      help: "Room on the disk of the embedded ledger.",
      registers: [],
      collect() {
        const free = freeBytes();
        if (free !== undefined) this.set(free);
      },
    }),
  );
  registers[0]?.registerMetric(
    new Gauge({
      name: "countinghouse_queued_requests",
      help: "Requests that wait for their commit.",
      registers: [],
      collect() {
        this.set(queued());
      },
    }),
  );
  registers[0]?.registerMetric(
    new Gauge({
      name: "countinghouse_log_bytes",
      help: "Length of the embedded store's write-ahead log; 0 where there is none.",
      registers: [],
      collect() {
        this.set(logBytes() ?? 0);
      },
    }),
  );
  return {
    registry,
    onRequest: (operation, code, took) => {
      requests.inc({ operation, code });
      seconds.observe({ operation }, took);
    },
    onCommitted: (group) => {
      commitWorks.observe(group.works);
      if (group.records > 0) records.inc(group.records);
    },
    onFaultHit: (operation, kind) => faultHits.inc({ operation, kind }),
    onSetOtherwise: (objects) => setOtherwise.set(objects),
    onSpared: (operation, code) => spared.inc({ operation, code }),
    aroundCommit: async (commit) => {
      const startMs = nowMs();
      try {
        await commit();
      } catch (error) {
        failedCommits.inc();
        throw error;
      }
      commitSeconds.observe((nowMs() - startMs) / 1000);
    },
  };
}
