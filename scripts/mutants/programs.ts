import { spawnSync } from "node:child_process";

/** Runs a program to its end, in a folder; answers its exit code. Its output is shown or dropped. */
export function run(folder: string, isShown: boolean, [file = "", ...args]: readonly string[]): number {
  const { status, error } = spawnSync(process.execPath, [file, ...args], {
    cwd: folder,
    stdio: isShown ? "inherit" : "ignore",
    env: { ...process.env, TEST_POSTGRES: "npm" },
  });
  if (error !== undefined) throw error;
  return status ?? 1;
}
