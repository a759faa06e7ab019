// npm test: installs what is missing, runs the whole suite, and ends with one line of counts.
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { COMPILE_CACHE, ensureInstalled, findNode, root, run } from "./workspace.mjs";

await ensureInstalled();
const report = join(tmpdir(), `countinghouse-tests-${process.pid}.json`);
const args = [
  join(root, "node_modules", "vitest", "vitest.mjs"),
  "run",
  "--reporter=default",
  "--reporter=json",
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
];
// Vitest transforms sources by itself, but the threads that they start do not use that. Some suites open a hundred ledgers, and
// a thread starts in a quarter of the time if it finds its sources in Node's compile cache.
const code = await run(findNode(), args, COMPILE_CACHE);
try {
  const counts = JSON.parse(readFileSync(report, "utf8"));
  const skipped = counts.numPendingTests + counts.numTodoTests;
  console.log(`${counts.numPassedTests} passed, ${counts.numFailedTests} failed, ${skipped} skipped`);
} finally {
  rmSync(report, { force: true });
}
process.exitCode = code;
