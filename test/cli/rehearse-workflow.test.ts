/** The workflow of OPERATING.md that rehearses a listing: its commands are run, in a folder as somebody else's repository is. */
import { spawn } from "node:child_process";
import { copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { parse } from "yaml";
import { newFolder } from "../support/scoped.ts";
import { MAIN, NODE_FLAGS } from "../support/server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly env?: Readonly<Record<string, string>>;
}

function stepsOf(page: string, name: string): readonly Step[] {
  const text = readFileSync(join(ROOT, page), "utf8");
  const block = [...text.matchAll(/```yaml\n([\s\S]*?)```/g)].find(([, found = ""]) =>
    found.startsWith(`name: ${name}\n`),
  );
  const { jobs } = parse(block?.[1] ?? "") as { jobs: Record<string, { steps: readonly Step[] }> };
  return Object.values(jobs).flatMap(({ steps }) => steps);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A program that runs one of this repository's as it is: sources need flags. */
const wrapper = (file: string): string => `#!/usr/bin/env node
const { spawn } = require("node:child_process");
const args = ${JSON.stringify([...NODE_FLAGS, file])};
const child = spawn(${JSON.stringify(process.execPath)}, [...args, ...process.argv.slice(2)], { stdio: "inherit" });
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => child.kill(signal));
child.on("exit", (code) => process.exit(code ?? 1));
`;

function writeRepository(folder: string): void {
  const installed = join(folder, "countinghouse");
  mkdirSync(installed);
  const manifest = { name: "countinghouse", version: "0.1.0", bin: { countinghouse: "main.cjs" } };
  writeFileSync(join(installed, "package.json"), JSON.stringify(manifest));
  writeFileSync(join(installed, "main.cjs"), wrapper(MAIN), { mode: 0o755 });
  const dependencies = { countinghouse: "file:./countinghouse" };
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "seller", version: "1.0.0", dependencies }));
  copyFileSync(join(ROOT, "packages/server/src/catalogue/demo.yaml"), join(folder, "market.yaml"));
  writeFileSync(join(folder, "landing-page.js"), wrapper(join(ROOT, "examples/landing-page.ts")));
  writeFileSync(join(folder, "meter-hour.js"), wrapper(join(ROOT, "test/cli/programs/hourly-meter.ts")));
}

/** Runs a step as a runner does; what it starts in the background goes on until the end of the test. */
function run(script: string, folder: string, env: Readonly<Record<string, string>>): Promise<number | null> {
  const log = openSync(join(folder, "log.txt"), "a");
  const path = [dirname(process.execPath), process.env["PATH"]].join(":");
  const child = spawn("bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", script], {
    cwd: folder,
    env: { ...process.env, PATH: path, ...env },
    stdio: ["ignore", log, log],
    detached: true,
  });
  onTestFinished(() => {
    try {
      process.kill(-(child.pid ?? 0), "SIGTERM");
    } catch {
      // All of it has ended.
    }
  });
  return new Promise((resolve) => child.once("exit", resolve));
}

test("its commands pass, in their order, and leave the report for CI", async () => {
  const folder = newFolder();
  writeRepository(folder);
  const [server, page] = [String(await freePort()), String(await freePort())];
  const ours = {
    COUNTINGHOUSE_PORT: server,
    PORT: page,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: `http://127.0.0.1:${server}`,
    npm_config_offline: "true",
    npm_config_audit: "false",
  };
  expect(await run("npm install --package-lock-only", folder, ours)).toBe(0);
  const commands = stepsOf("docs/OPERATING.md", "listing").filter((step) => step.run !== undefined);
  expect(commands).toHaveLength(3);
  const here = (text: string): string => text.replaceAll(":7420", `:${server}`).replaceAll(":3000", `:${page}`);
  for (const { run: script = "", env = {} } of commands) {
    const given = Object.fromEntries(Object.entries(env).map(([name, value]) => [name, here(value)]));
    const code = await run(here(script), folder, { ...ours, ...given });
    expect(code, `${script}\n${readFileSync(join(folder, "log.txt"), "utf8")}`).toBe(0);
  }
  expect(readFileSync(join(folder, "log.txt"), "utf8")).toContain("11 passed, 0 failed, 0 not seen.");
  expect(readFileSync(join(folder, "rehearsal.xml"), "utf8")).toContain('tests="11" failures="0" skipped="0"');
}, 240_000);
