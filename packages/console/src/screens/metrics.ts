/** What the console shows of the metrics, read from Prometheus's text. */
interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

interface ShownMetrics {
  readonly requests: readonly { readonly operation: string; readonly code: string; readonly count: number }[];
  readonly commits: readonly { readonly name: string; readonly count: number; readonly meanMs: number }[];
}

export function metricsOf(text: string): ShownMetrics {
  const samples = text.split("\n").flatMap((line) => sampleOf(line) ?? []);
  const requests = samples
    .filter(({ name }) => name === "countinghouse_requests_total")
    .map(({ labels, value }) => ({ operation: labels["operation"] ?? "–", code: labels["code"] ?? "–", count: value }))
    .toSorted((a, b) => b.count - a.count);
  const commits = samples
    .filter(({ name }) => /^countinghouse_.*_seconds_count$/.test(name))
    .map(({ name, labels, value }) => {
      const sum = samples.find(
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
        meanMs: value === 0 ? 0 : ((sum?.value ?? 0) / value) * 1_000,
      };
    })
    .filter(({ count }) => count > 0);
  return { requests, commits };
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
