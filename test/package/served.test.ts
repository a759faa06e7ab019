/** The server's tarball in an empty project: served by `npx`, called by the SDK, killed, started again; and its command line. */
import { execFileSync, spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { emptyProject, firstExampleOf, type EmptyProject } from "../support/empty-project.ts";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";

const SDK = "@aws-sdk/client-marketplace-metering";
const root = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as {
  readonly version: string;
  readonly devDependencies: Readonly<Record<string, string>>;
};

let project: EmptyProject;
beforeAll(async () => {
  project = await emptyProject(["@countinghouse/protocol", "countinghouse"]);
  const flags = ["--no-audit", "--no-fund", "--loglevel=error", "--prefer-offline"];
  execFileSync("npm", ["install", ...flags, `${SDK}@${root.devDependencies[SDK]}`], { cwd: project.folder });
}, 2 * PACK_TIMEOUT_MS);
afterAll(() => project.remove());

interface Served {
  readonly endpoint: string;
  /** Of the server itself, whatever stands between. */
  readonly pid: number;
  output(): string;
  readonly ended: Promise<number | null>;
}

/** As its README says it, but for the port. */
async function serve(): Promise<Served> {
  const readyFile = join(project.folder, "ready.json");
  rmSync(readyFile, { force: true });
  const { PATH = "" } = process.env;
  const child = spawn("npx", ["countinghouse", "serve", "--port", "0", "--ready-file", readyFile], {
    cwd: project.folder,
    env: { PATH, HOME: project.folder },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  await expect.poll(() => existsSync(readyFile) || child.exitCode !== null, { timeout: 30_000 }).toBe(true);
  const { endpoint, pid } = JSON.parse(readFileSync(readyFile, "utf8")) as { endpoint: string; pid: number };
  onTestFinished(() => {
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It has ended.
    }
  });
  await expect.poll(() => output).toContain("/buy/");
  return { endpoint, pid, output: () => output, ended };
}

async function command(...args: string[]): Promise<string> {
  const { code, output } = await project.run("npx", ["countinghouse", ...args]);
  expect(code, output).toBe(0);
  return output;
}

test("npx serves it, an SDK meters, and after kill -9 and a new start it is there, once", async () => {
  const readme = readFileSync(join(project.folder, "node_modules/countinghouse/README.md"), "utf8");
  project.write("first-request.mjs", firstExampleOf(readme, "js"));
  const firstRequest = async ({ endpoint }: Served): Promise<string> => {
    const env = {
      AWS_ENDPOINT_URL_MARKETPLACE_METERING: endpoint,
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: "AKIACOUNTINGHOUSE001",
      AWS_SECRET_ACCESS_KEY: "example-secret",
    };
    const { code, output } = await project.run(process.execPath, ["first-request.mjs"], env);
    expect(output).toMatch(/^Success [0-9a-f-]{36}\n$/);
    expect(code).toBe(0);
    return output.trim().slice("Success ".length);
  };
  const recordIds = async (): Promise<string[]> =>
    (JSON.parse(await command("records", "list", "--json")) as { meteringRecordId: string }[]).map(
      ({ meteringRecordId }) => meteringRecordId,
    );

  const first = await serve();
  expect(first.output()).toContain(`Countinghouse ${root.version} is listening on ${first.endpoint}`);
  expect(first.output()).toContain("npx countinghouse records list");
  // There are no scripts here.
  expect(first.output()).not.toMatch(/npm (start|run)/);
  const id = await firstRequest(first);
  expect(await recordIds()).toContain(id);

  process.kill(first.pid, "SIGKILL");
  await first.ended;
  expect(await command("store", "verify")).toContain("The ledger agrees with itself.");

  const second = await serve();
  expect(await recordIds()).toContain(id);
  const again = await firstRequest(second);
  const ids = await recordIds();
  expect(new Set(ids).size).toBe(ids.length);
  // Unless an hour has begun meanwhile, it is a replay.
  expect(ids.length).toBe(again === id ? 1 : 2);
  expect(await command("explain", id)).toContain("Usage record 1: accepted");
  expect(await command("token", "create", "agmt-demo1")).toMatch(/^\S{40,}\n$/);
  expect(await command("audit", "verify")).toContain("The audit trail is intact.");

  process.kill(second.pid, "SIGTERM");
  await second.ended;
  expect(second.output()).toContain("finishing what was taken in");
  expect(existsSync(join(project.folder, "countinghouse-data/server.json"))).toBe(false);
});

test("its command line says what there is, and its files are where programs look for them", async () => {
  expect(await command("--version")).toBe(`${root.version}\n`);
  expect(await command("completion", "bash")).toContain("complete -F _countinghouse countinghouse");
  expect(await command("records", "list", "--help")).toContain("Examples:");
  const program = `
    import { operatorClient } from "countinghouse/operator";
    import schema from "countinghouse/catalogue.schema.json" with { type: "json" };
    console.log(typeof operatorClient, typeof schema.properties.products);`;
  const { output } = await project.run(process.execPath, ["--input-type=module", "--eval", program]);
  expect(output).toBe("function object\n");
});
