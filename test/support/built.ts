/** The build for release. It is made once for all suites of a run: these have processes of their own, with one parent. */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";

const root = fileURLToPath(new URL("../..", import.meta.url));
const WAIT_MS_MAX = 120_000;
/** A build takes less time than this, even on a machine that does other things, too. */
export const BUILD_TIMEOUT_MS = 130_000;

export async function ensureBuilt(): Promise<void> {
  const folder = join(tmpdir(), `countinghouse-build-${process.ppid}`);
  const done = join(folder, "done");
  try {
    mkdirSync(folder);
  } catch {
    const endMs = Date.now() + WAIT_MS_MAX;
    while (!existsSync(done)) {
      if (Date.now() > endMs) throw new Error("The build that another suite began did not end.");
      await delay(50);
    }
    return;
  }
  execFileSync(process.execPath, ["scripts/build.mjs"], { cwd: root, stdio: "pipe" });
  writeFileSync(done, "");
}
