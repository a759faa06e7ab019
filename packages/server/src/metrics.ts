/** What the server counts and measures, in Prometheus' format. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";

export interface Metrics {
  readonly registry: Registry;
  readonly onRequest: (operation: string, code: string, seconds: number) => void;
  readonly onCommitted: (group: { readonly works: number; readonly records: number }) => void;
  /** Counts how often entries could not be added up as they came. */
  readonly onSumsTrouble: () => void;
  readonly onFaultHit: (operation: string, kind: string) => void;
  readonly onSetOtherwise: (objects: number) => void;
  /** Counts a call that changed nothing and of which nothing was kept. */
  readonly onSpared: (operation: string, code: string) => void;
  /** Counts what happens to connections for which there is no room. */
  readonly connectionEvents: {
    readonly onRefused: () => void;
    readonly onMadeWay: () => void;
    readonly onGivenUp: () => void;
  };
  readonly aroundCommit: (commit: () => Promise<void>) => Promise<void>;
}

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

/** What is measured when the metrics are read. */
interface Measured {
  /** How many requests wait for their commit. */
  readonly queued: () => number;
  readonly connections: () => number;
  /** The bytes of bodies and answers. */
  readonly heldBytes: () => number;
  /** How many products have usage that cannot be committed, while other products' can. */
  readonly stuckProducts: () => number;
  /** The length of the store's log; undefined where it has none. */
  readonly logBytes: () => number | undefined;
  /** The free bytes of the ledger's disk, where they are known. */
  readonly freeBytes: () => number | undefined;
}

/** `nowMs` is a monotonic clock. */
export function createMetrics(nowMs: () => number, measured: Measured): Metrics {
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
  const sumsTroubles = new Counter({
    name: "countinghouse_failed_sums_total",
    help: "How often entries could not be added up as they came; it is tried again.",
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
  addGauges(registry, measured);
  return {
    registry,
    connectionEvents: connectionEvents(registry),
    onRequest: (operation, code, took) => {
      requests.inc({ operation, code });
      seconds.observe({ operation }, took);
    },
    onCommitted: (group) => {
      commitWorks.observe(group.works);
      if (group.records > 0) records.inc(group.records);
    },
    onSumsTrouble: () => sumsTroubles.inc(),
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

function addGauges(registry: Registry, measured: Measured): void {
  const { queued, connections, heldBytes, stuckProducts, logBytes, freeBytes } = measured;
  const gauges = [
    ["countinghouse_queued_requests", "Requests that wait for their commit.", queued],
    ["countinghouse_connections", "Connections that are open.", connections],
    ["countinghouse_held_bytes", "Bytes of bodies being read, and of answers that have not left.", heldBytes],
    [
      "countinghouse_stuck_products",
      "Products whose usage cannot be committed for now, while other work can.",
      stuckProducts,
    ],
    [
      "countinghouse_log_bytes",
      "Length of the embedded store's write-ahead log; 0 where there is none.",
      () => logBytes() ?? 0,
    ],
    ["countinghouse_free_bytes", "Room on the disk of the embedded ledger; none where that cannot be told.", freeBytes],
  ] as const;
  for (const [name, help, value] of gauges) {
    registry.registerMetric(
      new Gauge({
        name,
        help,
        registers: [],
        collect() {
          const measuredNow = value();
          if (measuredNow !== undefined) this.set(measuredNow);
        },
      }),
    );
  }
}

function connectionEvents(registry: Registry): Metrics["connectionEvents"] {
  const counter = (name: string, help: string): Counter => new Counter({ name, help, registers: [registry] });
  const refused = counter(
    "countinghouse_refused_connections_total",
    "Connections turned away: their network, or the server, had its number of them, and all were being worked for.",
  );
  const madeWay = counter(
    "countinghouse_displaced_connections_total",
    "Connections that waited for their client and were closed, so that a new one had a place.",
  );
  const givenUp = counter(
    "countinghouse_abandoned_answers_total",
    "Answers given up, with their connections: not taken in time, or more asked for than is held.",
  );
  return { onRefused: () => refused.inc(), onMadeWay: () => madeWay.inc(), onGivenUp: () => givenUp.inc() };
}
