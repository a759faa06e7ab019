/** Names the folder in which tests that need PostgreSQL find it or start it (`database.ts`); stops it at the end of the run. */
import { existsSync, chmodSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";

export function setup(project: TestProject): () => Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-suite-"));
  chmodSync(folder, 0o755);
  project.provide("postgresFolder", folder);
  return async () => {
    const ready = join(folder, "ready.json");
    const { pid } = existsSync(ready) ? (JSON.parse(readFileSync(ready, "utf8")) as { pid?: number }) : {};
    if (pid !== undefined) await stop(pid);
    rmSync(folder, { recursive: true, force: true });
  };
}

/** SIGQUIT: its data is not needed any more. */
async function stop(pid: number): Promise<void> {
  try {
    process.kill(pid, "SIGQUIT");
    for (let waitedMs = 0; waitedMs < 10_000; waitedMs += 50) {
      await new Promise((resume) => setTimeout(resume, 50));
      process.kill(pid, 0);
    }
  } catch {
    // The process has ended.
  }
}
