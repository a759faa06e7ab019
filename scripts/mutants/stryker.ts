/** Runs Stryker on some places: answers each change that it can make there, and whether a test noticed it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { run } from "./programs.ts";
import type { Place } from "./places.ts";
import type { Room } from "./rooms.ts";

export interface Mutant {
  readonly file: string;
  readonly line: number;
  /** Offset in the file's text, from 0. */
  readonly from: number;
  readonly to: number;
  readonly replacement: string;
  readonly status: string;
}

interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly ReportedMutant[] }>>;
}

interface Position {
  readonly line: number;
  readonly column: number;
}

interface ReportedMutant {
  readonly location: { readonly start: Position; readonly end: Position };
  readonly replacement?: string;
  readonly status: string;
}

/** Only operators are exchanged; changes of texts, blocks, calls and whole conditions are not made. */
const NOT_MADE = [
  "ArrayDeclaration",
  "ArrowFunction",
  "BlockStatement",
  "CallExpression",
  "ConditionalExpression",
  "ObjectLiteral",
  "StringLiteral",
];

export function mutantsAt(
  copy: string,
  stryker: string,
  room: Room,
  places: readonly Place[],
  atOnce: number,
): Mutant[] {
  const config = join(copy, "vitest.mutants.config.ts");
  // One store is enough to test a room; a disk would take its time for each change.
  const changed = JSON.stringify({
    globalSetup: [],
    include: room.tests,
    testNamePattern: "^(?!.*in SQLite)",
    // Which tests a change is tried with is known of modules only that Vitest has loaded itself.
    server: {},
  });
  writeFileSync(
    config,
    `import base from "./vitest.config.ts"; export default { ...base, test: { ...base.test, ...${changed} } };\n`,
  );
  writeFileSync(
    join(copy, "stryker.config.json"),
    JSON.stringify({
      testRunner: "vitest",
      plugins: [join(stryker, "@stryker-mutator", "vitest-runner", "dist", "src", "index.js")],
      mutate: places.map(({ file, line }) => `${file}:${line}-${line}`),
      mutator: { excludedMutations: NOT_MADE },
      coverageAnalysis: "perTest",
      concurrency: atOnce,
      timeoutMS: 20_000,
      inPlace: true,
      disableTypeChecks: false,
      allowEmpty: true,
      reporters: ["progress-append-only", "json"],
      jsonReporter: { fileName: "mutants.json" },
      vitest: { configFile: config, related: true },
    }),
  );
  const code = run(copy, true, [join(stryker, "@stryker-mutator", "core", "bin", "stryker.js"), "run"]);
  if (code !== 0) throw new Error(`Stryker ended with ${code}.`);
  const report = JSON.parse(readFileSync(join(copy, "mutants.json"), "utf8")) as Report;
  return Object.entries(report.files).flatMap(([file, { source, mutants }]) => {
    const starts = lineStarts(source);
    const offset = ({ line, column }: Position): number => (starts[line - 1] ?? 0) + column - 1;
    const made = mutants.filter(({ status }) => status !== "Ignored");
    return made.map(({ location: { start, end }, replacement = "", status }) => ({
      file,
      line: start.line,
      from: offset(start),
      to: offset(end),
      replacement,
      status,
    }));
  });
}

function lineStarts(text: string): number[] {
  return [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
}
