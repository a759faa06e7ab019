/** What the console shows of the metrics, read from Prometheus's text. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What is counted and measured at one moment. Counters begin at 0 when the server starts. */
export interface Reading {
  readonly atMs: number;
  readonly requests: number;
  readonly refused: number;
  readonly requestSeconds: number;
  readonly commits: number;
  readonly commitSeconds: number;
  readonly records: number;
  readonly queued: number;
  readonly connections: number;
  readonly memoryBytes: number;
}

/** Values of one thing over time; undefined where it was not measured: a rate needs two readings, a mean something to be the mean of. */
export interface Measure {
  readonly name: string;
  readonly values: readonly (number | undefined)[];
  readonly unit?: "a second" | "ms" | "bytes";
}

interface ShownMetrics {
  readonly reading: Reading;
  readonly requests: readonly { readonly operation: string; readonly code: string; readonly count: number }[];
  readonly commits: readonly { readonly name: string; readonly count: number; readonly meanMs: number }[];
}

export function metricsOf(text: string, atMs: number): ShownMetrics {
  const samples = text.split("\n").flatMap((line) => sampleOf(line) ?? []);
  const sum = (wanted: string, isMeant: (labels: Sample["labels"]) => boolean = () => true): number =>
    samples.filter(({ name, labels }) => name === wanted && isMeant(labels)).reduce((all, { value }) => all + value, 0);
  const reading: Reading = {
    atMs,
    requests: sum("countinghouse_requests_total"),
    refused: sum("countinghouse_requests_total", ({ code }) => code !== "ok"),
    requestSeconds: sum("countinghouse_request_seconds_sum"),
    commits: sum("countinghouse_commit_seconds_count"),
    commitSeconds: sum("countinghouse_commit_seconds_sum"),
    records: sum("countinghouse_metering_records_total"),
    queued: sum("countinghouse_queued_requests"),
    connections: sum("countinghouse_connections"),
    memoryBytes: sum("process_resident_memory_bytes"),
  };
  const requests = samples
    .filter(({ name }) => name === "countinghouse_requests_total")
    .map(({ labels, value }) => ({ operation: labels["operation"] ?? "–", code: labels["code"] ?? "–", count: value }))
    .toSorted((a, b) => b.count - a.count);
  const commits = samples
    .filter(({ name }) => /^countinghouse_.*_seconds_count$/.test(name))
    .map(({ name, labels, value }) => {
      const total = samples.find(
        (other) => other.name === name.replace(/_count$/, "_sum") && sameLabels(other.labels, labels),
      );
      const of = Object.values(labels).join(", ");
      const spoken = name
        .replace(/^countinghouse_/, "")
        .replace(/_seconds_count$/, "")
        .replaceAll("_", " ");
      return {
        name: of === "" ? spoken : `${spoken}, ${of}`,
        count: value,
        meanMs: value === 0 ? 0 : ((total?.value ?? 0) / value) * 1_000,
      };
    })
    .filter(({ count }) => count > 0);
  return { reading, requests, commits };
}

type Counter = "requests" | "refused" | "requestSeconds" | "commits" | "commitSeconds" | "records";

export function measuresOf(readings: readonly Reading[]): readonly Measure[] {
  const between = (of: (since: (counter: Counter) => number, seconds: number) => number | undefined) =>
    readings.slice(1).map((reading, i) => {
      const before = readings[i] as Reading;
      // A server that has started anew counts from 0 again.
      const since = (counter: Counter): number =>
        reading.requests < before.requests ? reading[counter] : reading[counter] - before[counter];
      return of(since, Math.max(0.001, (reading.atMs - before.atMs) / 1_000));
    });
  const rate = (counter: Counter): Measure["values"] => between((since, seconds) => since(counter) / seconds);
  const meanMs = (sum: Counter, count: Counter): Measure["values"] =>
    between((since) => (since(count) === 0 ? undefined : (since(sum) / since(count)) * 1_000));
  return [
    { name: "Requests", values: rate("requests"), unit: "a second" },
    { name: "Refused", values: rate("refused"), unit: "a second" },
    { name: "Records kept", values: rate("records"), unit: "a second" },
    { name: "Time to an answer", values: meanMs("requestSeconds", "requests"), unit: "ms" },
    { name: "Time of a commit", values: meanMs("commitSeconds", "commits"), unit: "ms" },
    { name: "Waiting for a commit", values: readings.map(({ queued }) => queued) },
    { name: "Connections", values: readings.map(({ connections }) => connections) },
    { name: "Memory", values: readings.map(({ memoryBytes }) => memoryBytes), unit: "bytes" },
  ];
}

function sampleOf(line: string): Sample | undefined {
  const [, name, labels = "", value] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === undefined) return undefined;
  const pairs = [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(
    ([, key = "", text = ""]) => [key, text] as const,
  );
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

function sameLabels(a: Sample["labels"], b: Sample["labels"]): boolean {
  return Object.entries(a).every(([key, value]) => b[key] === value);
}
