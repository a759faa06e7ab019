/** A server for an example: started from this checkout, on a free port and a folder of its own. */
import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

interface ExampleServer {
  readonly endpoint: string;
  readonly process: ChildProcess;
  /** Calls the operator API with its token. Answers JSON. */
  operator(method: string, path: string, body?: object): Promise<Record<string, unknown>>;
}

/** `folder` holds the server's data; `flags` are those of `countinghouse serve`. */
export async function startServer(folder: string, ...flags: readonly string[]): Promise<ExampleServer> {
  const main = fileURLToPath(new URL("../packages/server/src/main.ts", import.meta.url));
  const readyFile = join(folder, "ready.json");
  rmSync(readyFile, { force: true });
  const all = ["--store", `sqlite:${join(folder, "data")}`, "--port", "0", "--ready-file", readyFile, ...flags];
  const child = spawn(process.execPath, ["--conditions=@countinghouse/source", main, "serve", ...all], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const { endpoint, operatorUrl, operatorToken } = await ready(child, readyFile);
  return {
    endpoint,
    process: child,
    operator: async (method, path, body) => {
      const response = await fetch(`${operatorUrl}${path}`, {
        method,
        headers: { authorization: `Bearer ${operatorToken}`, "content-type": "application/json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const json = (await response.json()) as Record<string, unknown>;
      if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${JSON.stringify(json)}`);
      return json;
    },
  };
}

type Ready = Record<"endpoint" | "operatorUrl" | "operatorToken", string>;

async function ready(child: ChildProcess, readyFile: string): Promise<Ready> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`The server ended with exit code ${child.exitCode}.`);
    try {
      return JSON.parse(readFileSync(readyFile, "utf8")) as Ready;
    } catch {
      await new Promise((resume) => setTimeout(resume, 50));
    }
  }
}
