/** The command `countinghouse` where shells look for it, and what a shell does with it. */
import { spawn, spawnSync } from "node:child_process";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MAIN, NODE_COMPILE_CACHE, NODE_FLAGS } from "./server.ts";

/** An environment in which `countinghouse` is found, in this folder, and no server of the surroundings is. */
export function environmentWithCommand(folder: string): NodeJS.ProcessEnv {
  const command = join(folder, "countinghouse");
  writeFileSync(command, `#!/bin/sh\nexec '${process.execPath}' ${NODE_FLAGS.join(" ")} '${MAIN}' "$@"\n`);
  chmodSync(command, 0o755);
  return {
    PATH: `${folder}:${process.env["PATH"]}`,
    HOME: folder,
    TERM: "xterm-256color",
    LC_ALL: "C.UTF-8",
    NODE_COMPILE_CACHE,
  };
}

export function isThere(program: string): boolean {
  return spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
}

interface Typing {
  /** What has been shown since the last call, once it holds this. */
  shown(expected: string): Promise<string>;
  type(keys: string): void;
  end(): void;
}

/** A program on a terminal of its own, made by `script`. */
export function onTerminal(command: string, env: NodeJS.ProcessEnv, cwd: string): Typing {
  const child = spawn("script", ["--quiet", "--return", "--command", command, "/dev/null"], {
    env,
    cwd,
    detached: true,
  });
  let seen = "";
  let look: (() => void) | undefined;
  const take = (chunk: Buffer): void => {
    seen += chunk.toString();
    look?.();
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  child.once("close", () => {
    seen += "\n(ended)";
    look?.();
  });
  return {
    type: (keys) => void child.stdin.write(keys),
    shown: (expected) =>
      new Promise((resolve, reject) => {
        look = () => {
          if (seen.includes(expected)) {
            const shown = seen;
            seen = "";
            resolve(shown);
          } else if (seen.endsWith("(ended)")) {
            reject(new Error(`It ended without showing ${JSON.stringify(expected)}:\n${JSON.stringify(seen)}`));
          }
        };
        look();
      }),
    end: () => {
      child.stdin.destroy();
      if (child.pid !== undefined && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    },
  };
}
