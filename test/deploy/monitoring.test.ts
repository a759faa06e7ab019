/** Alert rules and dashboard: every query can be read, and asks for what a running server tells, by the labels that it has. */
import { parser } from "@prometheus-io/lezer-promql";
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createMetrics } from "../../packages/server/src/metrics.ts";
import { demoMarket } from "../support/demo-market.ts";

const text = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
const { groups } = parse(text("deploy/prometheus/alerts.yaml")) as {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Rule[] }[];
};
const rules = groups.flatMap((group) => group.rules);

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly { readonly refId: string; readonly expr: string; readonly legendFormat: string }[];
}
const dashboard = JSON.parse(text("deploy/grafana/countinghouse.json")) as {
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly { readonly name: string; readonly definition?: string }[] };
};
const targets = dashboard.panels.flatMap(({ title, targets: list = [] }) =>
  list.map((target) => ({ title, ...target })),
);

/** Grafana puts these in before it asks. */
const filledIn = (expr: string): string =>
  expr.replaceAll("$__rate_interval", "5m").replaceAll(/\$(job|instance)/g, "x");

interface Selector {
  readonly metric: string;
  readonly labels: readonly string[];
}

/** What a query asks for, and the labels that it groups by or joins on. Throws where Prometheus could not read it. */
function read(expr: string): { readonly selectors: readonly Selector[]; readonly grouping: readonly string[] } {
  const selectors: { metric: string; labels: string[] }[] = [];
  const grouping: string[] = [];
  const cursor = parser.parse(expr).cursor();
  do {
    const said = expr.slice(cursor.from, cursor.to);
    if (cursor.type.isError) throw new Error(`It cannot be read at ${cursor.from}: ${expr}`);
    if (cursor.name === "Identifier" && cursor.node.parent?.name === "VectorSelector") selectors.push({ metric: said, labels: [] }); // prettier-ignore
    if (cursor.name === "LabelName") {
      const isMatcher = cursor.node.parent?.name.includes("Matcher") === true;
      if (isMatcher) selectors.at(-1)?.labels.push(said);
      else grouping.push(said);
    }
  } while (cursor.next());
  return { selectors, grouping };
}

/** Prometheus adds these itself. */
const ADDED = ["job", "instance", "le"];

/** What a running server tells: the type of each metric, by its name. */
const told = new Map<string, string>();
/** The labels that a metric is declared with: many series are there only once something has happened. */
const declared = new Map<string, readonly string[]>();

const none = (): number => 0;

beforeAll(async () => {
  const server = await demoMarket();
  const metrics = await (await fetch(`${server.endpoint}/metrics`)).text();
  await server.stop();
  for (const [, name = "", type = ""] of metrics.matchAll(/^# TYPE (\S+) (\S+)$/gm)) told.set(name, type);
  const measured = {
    queued: none,
    connections: none,
    heldBytes: none,
    stuckProducts: none,
    logBytes: none,
    freeBytes: none,
  };
  for (const metric of createMetrics(none, measured).registry.getMetricsAsArray()) {
    const { name, labelNames } = metric as unknown as { readonly name: string; readonly labelNames: readonly string[] };
    declared.set(name, labelNames);
  }
});

/** The metric that a series is of. */
function metricOf(series: string): string | undefined {
  if (told.has(series)) return told.get(series) === "histogram" ? undefined : series;
  const metric = series.replace(/_(bucket|sum|count)$/, "");
  return ["histogram", "summary"].includes(told.get(metric) ?? "") ? metric : undefined;
}

function complaintsOf(expr: string): string[] {
  const { selectors, grouping } = read(expr);
  const metrics = selectors.map(({ metric, labels }) => ({ series: metric, metric: metricOf(metric), labels }));
  const strange = metrics.filter(({ series, metric }) => metric === undefined && series !== "up");
  const known = [...ADDED, ...metrics.flatMap(({ metric }) => declared.get(metric ?? "") ?? [])];
  return [
    ...(selectors.length === 0 ? ["asks for nothing"] : []),
    ...strange.map(({ series }) => `no server tells ${series}`),
    ...metrics.flatMap(({ series, metric, labels }) =>
      labels
        .filter((label) => ![...ADDED, ...(declared.get(metric ?? "") ?? [])].includes(label))
        .map((label) => `${series} has no label ${label}`),
    ),
    ...grouping.filter((label) => !known.includes(label)).map((label) => `nothing has the label ${label}`),
  ];
}

test("the check sees what is wrong", () => {
  expect(complaintsOf('sum by (operation) (rate(countinghouse_requests_total{code="ok"}[5m]))')).toEqual([]);
  expect(complaintsOf("countinghouse_request_total")).toEqual(["no server tells countinghouse_request_total"]);
  expect(complaintsOf("countinghouse_commit_seconds")).toEqual(["no server tells countinghouse_commit_seconds"]);
  expect(complaintsOf('countinghouse_connections{code="ok"}')).toEqual(["countinghouse_connections has no label code"]);
  expect(complaintsOf("sum by (kind) (countinghouse_connections)")).toEqual(["nothing has the label kind"]);
  expect(() => complaintsOf("sum by (")).toThrow("cannot be read");
});

describe("the alert rules", () => {
  test.each(rules.map((rule) => [rule.alert, rule] as const))("%s asks for what there is", (_name, rule) => {
    expect(complaintsOf(rule.expr)).toEqual([]);
    expect(Object.keys(rule).filter((member) => !["alert", "expr", "for", "labels", "annotations"].includes(member))).toEqual([]); // prettier-ignore
    expect(rule.for ?? "1m").toMatch(/^\d+m$/);
    expect(["page", "ticket"]).toContain(rule.labels.severity);
    // What a summary names is there after what the query groups by.
    const { grouping } = read(rule.expr);
    const named = [...rule.annotations.summary.matchAll(/\$labels\.(\w+)/g)].map(([, label = ""]) => label);
    const isGrouped = /\b(sum|histogram_quantile)\b/.test(rule.expr);
    expect(named.filter((label) => (isGrouped ? !grouping.includes(label) : label !== "instance"))).toEqual([]);
  });

  test("have names of their own, each with its row in docs/OPERATING.md, which names no others", () => {
    const names = rules.map(({ alert }) => alert);
    expect(names.length).toBeGreaterThan(15);
    expect(new Set(names).size).toBe(names.length);
    const rows = [...text("docs/OPERATING.md").matchAll(/^\| `(Countinghouse\w+)` \|/gm)].map(([, name]) => name);
    expect(rows).toEqual(names);
  });
});

test("docs/OPERATING.md lists every metric of the service's own, with its labels, and no others", () => {
  const [, section = ""] = text("docs/OPERATING.md").split(/^## (?:Health and metrics|Alerts)$/m);
  const rows = [...section.matchAll(/^\| `(countinghouse_\w+)(?:\{([\w,]*)\})?` \|/gm)];
  const listed = rows.map(([, name = "", labels = ""]) => ({
    name,
    labels: labels.split(",").filter((one) => one !== ""),
  }));
  const own = [...told.keys()].filter((name) => name.startsWith("countinghouse_"));
  expect(listed.map(({ name }) => name).toSorted()).toEqual(own.toSorted());
  expect(listed.filter(({ name, labels }) => labels.join() !== (declared.get(name) ?? []).join())).toEqual([]);
});

describe("the dashboard", () => {
  test.each(targets.map((target) => [`${target.title}, ${target.refId}`, target] as const))("%s", (_name, target) => {
    const expr = filledIn(target.expr);
    expect(complaintsOf(expr)).toEqual([]);
    const { selectors, grouping } = read(expr);
    // A dashboard of one job shows nothing of others.
    for (const { labels } of selectors) expect(labels).toContain("job");
    const shown = [...target.legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = ""]) => label);
    const isGrouped = /\b(sum|histogram_quantile)\b/.test(expr);
    expect(shown.filter((label) => (isGrouped ? !grouping.includes(label) : label !== "instance"))).toEqual([]);
  });

  test("its variables ask for what there is, its panels have ids of their own and do not overlap", () => {
    for (const { definition } of dashboard.templating.list) {
      const [, expr] = /^label_values\((.+), \w+\)$/.exec(definition ?? "label_values(up, job)") ?? [];
      expect(complaintsOf(filledIn(expr ?? ""))).toEqual([]);
    }
    const { panels } = dashboard;
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const overlapping = panels.flatMap((one, i) =>
      panels.slice(i + 1).filter(({ gridPos: a }) => {
        const b = one.gridPos;
        return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
      }),
    );
    expect(overlapping.map(({ title }) => title)).toEqual([]);
  });

  test("shows every metric of the service's own", () => {
    const shown = new Set(
      targets.flatMap(({ expr }) => read(filledIn(expr)).selectors.map(({ metric }) => metricOf(metric))),
    );
    const own = [...told.keys()].filter((name) => name.startsWith("countinghouse_"));
    expect(own.length).toBeGreaterThan(15);
    expect(own.filter((name) => !shown.has(name))).toEqual([]);
  });
});
