/** README's figures of speed are those of the result files, whose commit they name: nobody writes one by hand. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { figure, median } from "../../bench/ingest/figures.ts";
import { textOf } from "../tidy/sources.ts";

function resultOf(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../bench/results/${name}.json`, import.meta.url), "utf8")) as unknown;
}

interface ClientResult {
  readonly machine: { readonly commit: string };
  readonly rounds: number;
  readonly seconds: number;
  readonly rows: readonly {
    readonly label: string;
    readonly decimals: number;
    readonly series: { readonly ours: readonly number[]; readonly official: readonly number[] };
  }[];
}
const client = resultOf("client") as ClientResult;

/** As `bench/client.ts` prints them: medians, and the median of the rounds' own ratios. */
const rows = client.rows.map(({ label, decimals, series: { ours, official } }) => {
  const ratios = ours.map((value, i) => value / (official[i] ?? Number.NaN));
  return {
    label,
    ours: median(ours) ?? 0,
    official: median(official) ?? 0,
    ratio: figure(median(ratios), 2),
    decimals,
  };
});

test("the client's README has the table of bench/results/client.json, and its commit and rounds", () => {
  const readme = textOf("packages/client/README.md");
  const table = rows.map(
    ({ label, ours, official, ratio, decimals }) =>
      `| ${label} | ${figure(ours, decimals)} | ${figure(official, decimals)} | ${ratio} |`,
  );
  expect(readme).toContain(table.join("\n"));
  const { machine, rounds, seconds } = client;
  expect(readme.replaceAll("\n", " ")).toContain(`Medians of ${rounds} interleaved rounds of ${seconds} s`);
  expect(readme).toContain(`commit ${machine.commit} ([raw data](../../bench/results/client.json))`);
});

function roundedOf(label: string): { readonly ours: string; readonly official: string } {
  const row = rows.find((one) => one.label === label);
  if (row === undefined) throw new Error(`There is no row ${label}.`);
  return { ours: figure(row.ours, 0), official: figure(row.official, 0) };
}

test("README has the same figures of the client, rounded", () => {
  const pair = (name: string, first: string, second: string, between: string): string => {
    const [a, b] = [roundedOf(first), roundedOf(second)];
    return `| ${name} | ${a.ours}${between}${b.ours} | ${a.official}${between}${b.official} |`;
  };
  const imported = roundedOf("cold import, ms");
  const bundled = roundedOf("bundled and minified, KiB");
  const table = [
    pair("calls/s, 1 / 50 at once", "calls/s, 1 at once", "calls/s, 50 at once", " / "),
    pair("processor time a call, µs, 1 / 50 at once", "CPU a call, 1 at once, µs", "CPU a call, 50 at once, µs", " / "),
    `| cold import, ms | ${imported.ours} | ${imported.official} |`,
    pair("packages, KiB installed", "packages installed", "installed, KiB", ", "),
    `| bundled and minified, KiB | ${bundled.ours} | ${bundled.official} |`,
  ];
  expect(textOf("README.md")).toContain(table.join("\n"));
  expect(textOf("README.md")).toContain(`commit ${client.machine.commit}):`);
});

interface IngestResult {
  readonly machine: { readonly commit: string };
  readonly rounds: readonly {
    readonly target: string;
    readonly round: number;
    readonly requests: number;
    readonly seconds: number;
    readonly diskBytesPerRecord?: number;
  }[];
}

test("README has the server's speed of bench/results/ingest.json", () => {
  const { machine, rounds } = resultOf("ingest") as IngestResult;
  const perSecond = (target: string): readonly number[] =>
    rounds.filter((one) => one.target === target).map(({ requests, seconds }) => requests / seconds);
  const ours = perSecond("countinghouse");
  const floor = perSecond("floor");
  expect(ours.length).toBeGreaterThan(2);
  const share = median(ours.map((value, i) => value / (floor[i] ?? Number.NaN)));
  const readme = textOf("README.md").replaceAll("\n", " ");
  expect(readme).toContain(
    `(commit ${machine.commit}, [bench/ingest.ts](bench/ingest.ts)): ${figure(median(ours), 0)} requests of 25 records a second`,
  );
  expect(readme).toContain(`that is ${figure(share, 2)} of the bare server's requests`);
});
