/** `npm run release -- --dry-run`, in a clone: what it would publish, in which order, and what keeps it from doing so. */
import { execFileSync, spawn } from "node:child_process";
import { cpSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { PACK_TIMEOUT_MS } from "../support/packed.ts";
import { temporaryFolder } from "../support/server.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const NOT_CLONED = new Set(["node_modules", "dist", ".git", "coverage", "countinghouse-data"]);

const temporary = temporaryFolder();
const clone = join(temporary.path, "clone");
const git = (...args: string[]): string => execFileSync("git", args, { cwd: clone, encoding: "utf8" });

/** A registry that knows no package, or one. */
let registry: Server;
let taken: { readonly path: string; readonly document: object } | undefined;

/** A name that somebody has published under. */
function takenBy(name: string, url: string): void {
  const dist = { tarball: "http://127.0.0.1/none.tgz", shasum: "0".repeat(40) };
  const manifest = { name, version: "6.1.0", repository: { type: "git", url }, dist };
  const document = { name, "dist-tags": { latest: "6.1.0" }, versions: { "6.1.0": manifest } };
  taken = { path: `/${name}`, document };
}

beforeAll(async () => {
  registry = createServer(({ url = "" }, response) => {
    const document = url.split("?", 1)[0] === taken?.path ? taken?.document : undefined;
    response.writeHead(document === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(document ?? {}));
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => registry.once("listening", resolve));
  cpSync(ROOT, clone, { recursive: true, filter: (path) => path === ROOT || !NOT_CLONED.has(basename(path)) });
  symlinkSync(join(ROOT, "node_modules"), join(clone, "node_modules"));
  git("init", "--quiet", "--initial-branch", "main");
  git("config", "user.name", "A test");
  git("config", "user.email", "test@example.com");
  // A link is no folder: the pattern of .gitignore does not cover it.
  writeFileSync(join(clone, ".git/info/exclude"), "node_modules\n");
  git("add", "--all");
  git("commit", "--quiet", "--message", "Everything");
});
afterAll(() => {
  registry.close();
  temporary.remove();
});

const version = (JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string }).version;

function release(...args: string[]): Promise<{ readonly status: number | null; readonly output: string }> {
  const { CI: _ci, ACTIONS_ID_TOKEN_REQUEST_URL: _url, SIGSTORE_ID_TOKEN: _token, ...surroundings } = process.env;
  const env = { ...surroundings, npm_config_registry: `http://127.0.0.1:${(registry.address() as AddressInfo).port}/` };
  return new Promise((resolve) => {
    const child = spawn("npm", ["run", "--silent", "release", "--", ...args], { cwd: clone, env });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("close", (status) => resolve({ status, output }));
  });
}

function write(file: string, change: (text: string) => string): void {
  writeFileSync(join(clone, file), change(readFileSync(join(clone, file), "utf8")));
}

/** What is refused once this file is changed so, and committed. */
async function refusedWith(file: string, change: (text: string) => string, ...args: string[]): Promise<string> {
  const before = git("rev-parse", "HEAD").trim();
  write(file, change);
  git("commit", "--quiet", "--all", "--message", "A change");
  const { status, output } = await release(...args);
  git("reset", "--quiet", "--hard", before);
  expect(status, output).toBe(1);
  return output;
}

test(
  "publishes what is needed before what needs it, with its whole contents, and publishes nothing",
  { timeout: PACK_TIMEOUT_MS },
  async () => {
    const { status, output } = await release("--dry-run");
    expect(status, output).toBe(0);
    expect(output).toContain(
      `v${version}: @countinghouse/protocol, then @countinghouse/client, then countinghouse, then @countinghouse/outbox (dry run)`,
    );
    const published = [...output.matchAll(/^\+ (\S+)$/gm)].map(([, name]) => name);
    const names = ["@countinghouse/protocol", "@countinghouse/client", "countinghouse", "@countinghouse/outbox"];
    expect(published).toEqual(names.map((name) => `${name}@${version}`));
    for (const file of ["dist/index.cjs", "dist/aws-sdk.d.cts", "dist/main.js", "bin/countinghouse.mjs", "LICENSE"]) {
      expect(output).toContain(file);
    }
    expect(output).toContain("public access");
    expect(output).toContain("Nothing was published.");
    expect(git("tag", "--list")).toBe("");
    // What packing changed is as it was.
    expect(git("status", "--porcelain")).toBe("");
  },
);

test("is refused where versions are not alike", async () => {
  const other = (text: string): string => text.replace(`"version": "${version}"`, '"version": "9.9.9"');
  expect(await refusedWith("packages/client/package.json", other, "--dry-run")).toContain(
    `packages/client has version 9.9.9, the workspace ${version}`,
  );
  const needs = (text: string): string => text.replace(`"@countinghouse/protocol": "${version}"`, '"@countinghouse/protocol": "9.9.9"'); // prettier-ignore
  expect(await refusedWith("packages/server/package.json", needs, "--dry-run")).toContain(
    `packages/server needs @countinghouse/protocol 9.9.9, which is released as ${version}`,
  );
});

function withoutProvenance(text: string): string {
  return text.replace('"provenance": true', '"provenance": false');
}

test("is refused without provenance, or without a section in the changelog", async () => {
  expect(await refusedWith("packages/client/package.json", withoutProvenance, "--dry-run")).toContain(
    "with provenance",
  );
  const renamed = (text: string): string => text.replace(`## ${version}`, "## 9.9.9");
  expect(await refusedWith("CHANGELOG.md", renamed, "--dry-run")).toContain(`no section "## ${version}`);
});

test("is refused from a tree with changes, from another branch, and where the tag is there", async () => {
  write("README.md", (text) => `${text}\n`);
  expect((await release("--dry-run")).output).toContain("changes that are not committed: 1 files");
  git("checkout", "--quiet", "README.md");
  git("checkout", "--quiet", "-b", "other");
  expect((await release("--dry-run")).output).toContain("this is not the branch main");
  git("checkout", "--quiet", "main");
  git("tag", `v${version}`);
  expect((await release("--dry-run")).output).toContain(`the tag v${version} is there already`);
  git("tag", "--delete", `v${version}`);
});

test("that is meant is refused before its day, and where nobody can say who publishes", async () => {
  const { status, output } = await release();
  expect(status).toBe(1);
  expect(output).toContain(`CHANGELOG.md says "unreleased" of ${version}`);
  expect(output).toContain("provenance needs a workflow that may ask for its identity");
});

test("is refused where somebody else has a package's name on the registry", async () => {
  onTestFinished(() => {
    taken = undefined;
  });
  const says = "packages/server: the name countinghouse is taken on the registry, by git+https://github.com/else/where.git (countinghouse 6.1.0)"; // prettier-ignore
  takenBy("countinghouse", "git+https://github.com/else/where.git");
  const meant = await release();
  expect(meant.status).toBe(1);
  expect(meant.output).toContain(says);
  const { repository } = JSON.parse(readFileSync(join(ROOT, "packages/server/package.json"), "utf8")) as { repository: { url: string } }; // prettier-ignore
  takenBy("countinghouse", repository.url);
  expect((await release()).output).not.toContain("is taken on the registry");
});
