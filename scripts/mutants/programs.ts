import { spawnSync } from "node:child_process";

/** Runs a program to its end; what it said, both ways. */
export function run(
  command: string,
  args: readonly string[],
  folder: string,
): { readonly code: number; readonly said: string } {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: folder,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: { ...process.env, TEST_POSTGRES: "npm", NODE_OPTIONS: "" },
  });
  if (error !== undefined) throw error;
  return { code: status ?? 1, said: `${stdout}\n${stderr}` };
}
