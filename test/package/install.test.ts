/** Two scripts that find the packages missing at the same time: one installs, the other waits for it. */
import { spawn } from "node:child_process";
import { chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { temporaryFolder } from "../support/server.ts";

const SCRIPTS = fileURLToPath(new URL("../../scripts", import.meta.url));

/** Notes when it begins and ends. In between it takes a while, as the real one does, so that the other comes meanwhile. */
const NPM = `#!/bin/sh
echo begins >> npm.log
until [ -e go ]; do sleep 0.05; done
echo ends >> npm.log
`;

test("packages are installed by one process at a time, and once", async () => {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  const { path } = folder;
  cpSync(SCRIPTS, join(path, "scripts"), { recursive: true });
  writeFileSync(join(path, "package-lock.json"), "{}");
  mkdirSync(join(path, "bin"));
  writeFileSync(join(path, "bin", "npm"), NPM);
  chmodSync(join(path, "bin", "npm"), 0o755);
  const { npm_execpath: _own, PATH, ...env } = process.env;
  const start = (): Promise<string> => {
    const child = spawn(process.execPath, [join(path, "scripts", "install.mjs")], {
      cwd: path,
      env: { ...env, PATH: `${join(path, "bin")}:${PATH}` },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let said = "";
    child.stdout.on("data", (chunk: Buffer) => (said += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (said += chunk.toString()));
    return new Promise((resolve) => void child.once("exit", (code) => resolve(`${code} ${said}`)));
  };
  const log = (): string => {
    try {
      return readFileSync(join(path, "npm.log"), "utf8");
    } catch {
      return "";
    }
  };
  const installing = [start(), start()];
  await expect.poll(log, { timeout: 10_000 }).toContain("begins");
  // Time enough for the other to have begun as well, if it were to.
  await new Promise((resolve) => void setTimeout(resolve, 1_000));
  writeFileSync(join(path, "go"), "");
  const ended = await Promise.all(installing);
  expect(ended.map((text) => text.slice(0, 2))).toEqual(["0 ", "0 "]);
  expect(log()).toBe("begins\nends\n");
});
