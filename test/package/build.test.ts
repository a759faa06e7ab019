import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { BUILD_TIMEOUT_MS, ensureBuilt } from "../support/built.ts";
import { temporaryFolder } from "../support/server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

test(
  "what is built for release serves, without the sources and without their condition",
  async () => {
    await ensureBuilt();
    const folder = temporaryFolder();
    const readyFile = join(folder.path, "ready.json");
    const main = join(root, "packages/server/dist/main.js");
    const child = spawn(process.execPath, [
      main,
      "serve",
      "--port",
      "0",
      "--store",
      "memory:",
      "--ready-file",
      readyFile,
    ]);
    try {
      await expect.poll(() => existsSync(readyFile), { timeout: 20_000 }).toBe(true);
      const { endpoint } = JSON.parse(readFileSync(readyFile, "utf8")) as { endpoint: string };
      const answer = await fetch(`${endpoint}/readyz`);
      expect(answer.status).toBe(200);
      // Built with it, and given out by it.
      const page = await (await fetch(`${endpoint}/console/`)).text();
      const script = /\/console\/assets\/index-[\w-]+\.js/.exec(page)?.[0] ?? "/none";
      expect((await fetch(endpoint + script)).headers.get("content-encoding")).toMatch(/br|gzip/);
    } finally {
      child.kill();
      folder.remove();
    }
  },
  BUILD_TIMEOUT_MS,
);

test(
  "countinghouse/operator loads from what is built, and nothing but its own files",
  async () => {
    await ensureBuilt();
    const program = `
      import { registerHooks } from "node:module";
      const loaded = [];
      registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
      const names = Object.keys(await import("countinghouse/operator"));
      const files = loaded.map((url) => url.replace(/^.*\\/(server\\/dist|node_modules)\\//, ""));
      console.log(JSON.stringify({ names, files: files.sort() }));`;
    const child = spawn(process.execPath, ["--input-type=module", "--eval", program], { cwd: root });
    let output = "";
    child.stdout.on("data", (data) => (output += String(data)));
    await new Promise((resolve) => child.once("close", resolve));
    expect(JSON.parse(output)).toEqual({
      names: ["OperatorConnectionError", "OperatorProblemError", "operatorClient"],
      files: ["operator/client/index.js", "shared/client.js", "shared/operator-client.js", "shared/values.js"],
    });
  },
  BUILD_TIMEOUT_MS,
);
