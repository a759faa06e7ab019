/** Folders and servers that end with the test that asked for them. */
import { onTestFinished } from "vitest";
import { startServer, temporaryFolder, type RunningServer } from "./server.ts";

export function newFolder(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

/** Killed at the end of the test, if it still runs then. */
export async function start(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<RunningServer> {
  const server = await startServer(args, env);
  onTestFinished(() => server.kill());
  return server;
}
