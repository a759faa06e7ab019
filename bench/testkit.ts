/**
 * How long the test kit takes, from a built package as it is installed: to load in a new process, to start a market there and the
 * next one, to restore it, and fifty at once.
 *
 *   npm run bench:testkit [-- --runs 9]
 */
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { machineOf } from "./machine.ts";

const { values } = parseArgs({ options: { runs: { type: "string", default: "9" } } });

const KIT = new URL("../packages/server/dist/testkit/index.js", import.meta.url).href;

const PROGRAM = `
const since = (startMs) => performance.now() - startMs;
let atMs = performance.now();
const { startMarket } = await import(${JSON.stringify(KIT)});
const figures = { load: since(atMs) };
atMs = performance.now();
const first = await startMarket({ now: "2026-03-15T10:30:00Z" });
figures["first start"] = since(atMs);
atMs = performance.now();
const market = await startMarket({ now: "2026-03-15T10:30:00Z" });
figures["next start"] = since(atMs);
const product = market.product();
for (let i = 0; i < 20; i += 1) market.customer(product);
const restores = [];
for (let i = 0; i < 50; i += 1) {
  await market.clock.advance({ hours: 1 });
  atMs = performance.now();
  await market.restore();
  restores.push(since(atMs));
}
figures["restore, with 20 customers"] = restores.toSorted((a, b) => a - b)[25];
atMs = performance.now();
const many = await Promise.all(Array.from({ length: 50 }, () => startMarket()));
figures["50 at once"] = since(atMs);
atMs = performance.now();
await Promise.all([first, market, ...many].map((one) => one[Symbol.asyncDispose]()));
figures["52 ended"] = since(atMs);
console.log(JSON.stringify(figures));
`;

console.log(JSON.stringify(machineOf(tmpdir())));
const runs = Array.from({ length: Number(values.runs) }, () => {
  const output = execFileSync(process.execPath, ["--input-type=module", "--eval", PROGRAM], { encoding: "utf8" });
  return JSON.parse(output) as Readonly<Record<string, number>>;
});
const figures = Object.keys(runs[0] ?? {}).map((name) => {
  const sorted = runs.map((run) => run[name] ?? Number.NaN).toSorted((a, b) => a - b);
  return {
    name,
    medianMs: shown(sorted[Math.floor(sorted.length / 2)]),
    leastMs: shown(sorted[0]),
    mostMs: shown(sorted.at(-1)),
  };
});
console.table(figures);

function shown(ms: number | undefined): string {
  return (ms ?? Number.NaN).toFixed(1);
}
