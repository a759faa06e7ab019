/**
 * The shell blocks of README and guides: each is run here, or by the test that it names, or says why it is not. Blocks of a page
 * are one program for Bash, on one lab with the demo catalogue, as a reader goes through them.
 */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { commandLine } from "../../packages/server/src/cli/program.ts";
import { environmentWithCommand, isThere } from "../support/command-on-path.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, type RunningServer } from "../support/server.ts";
import { ROOT, filesIn, textOf } from "../tidy/sources.ts";
import { blocks, type Block } from "./blocks.ts";

const hasAws = isThere("aws");
if (!hasAws) process.stdout.write("skipped: blocks of documents that call the AWS CLI: it is not on this machine\n");

const NOW = "2026-11-23T12:30:00Z";

/** Where the clock stands still for the guides: dates are written in them. README is of today. */
/** What the blocks of a page stand on besides the demo catalogue. */
const FILES: Readonly<Record<string, string>> = {
  "buyer.yaml": '{ id: "999900001111", title: A new buyer }',
  "title.yaml": "title: First buyer, renamed",
};

const pages = [...new Set(blocks.map(({ page }) => page))];
const isRunHere = ({ runBy, notRun }: Block): boolean => runBy === undefined && notRun === undefined;

test("there are blocks, many of them are run, and what a block says of itself is so", () => {
  expect(blocks.filter(isRunHere).length).toBeGreaterThan(12);
  const strange = blocks.filter(({ runBy, notRun }) => (runBy === undefined ? notRun === "" : !existsSync(join(ROOT, runBy)))); // prettier-ignore
  expect(strange).toEqual([]);
});

describe("what is written in them, run or not,", () => {
  test.each(blocks.map((block) => [`${block.page}:${block.line}`, block] as const))(
    "%s can be read by a shell",
    (_place, block) => {
      const { status, stderr } = spawnSync("bash", ["-n"], { input: block.text, encoding: "utf8" });
      expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    },
  );

  test("names scripts of the workspace that are there", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { scripts: object };
    const named = blocks.flatMap(({ text }) => [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)].map(([, name = ""]) => name)); // prettier-ignore
    expect(named.length).toBeGreaterThan(20);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });

  test("is a command line that the program takes, wherever it calls it", async () => {
    const lines = blocks.flatMap(({ page, text }) => callsIn(text).map((words) => ({ page, words })));
    expect(lines.length).toBeGreaterThan(30);
    // As the block has it.
    vi.stubEnv("COUNTINGHOUSE_COPY_TO", "postgres://…");
    const refused: unknown[] = [];
    for (const { page, words } of lines) {
      const complaint = await complaintOf(words);
      if (complaint !== undefined) refused.push({ page, line: words.join(" "), complaint });
    }
    vi.unstubAllEnvs();
    expect(refused).toEqual([]);
  });
});

/** The arguments of each call of `countinghouse`, however it is spelt there. */
function callsIn(text: string): string[][] {
  const plain = text.replaceAll(/\\\n\s*/g, " ").replaceAll(/\$\((?!countinghouse|npm)[^)]*\)/g, "X");
  const calls = plain.matchAll(
    /(?:^|\$\(|\| )(?:[A-Z_]+=\S* )*(?:npm run (?:--silent )?countinghouse --|npm (start) --|countinghouse)(?=\s)([^\n|>#)]*)/gm,
  );
  return [...calls].map(([, serve, rest = ""]) => [...(serve === undefined ? [] : ["serve"]), ...wordsOf(rest)]);
}

function wordsOf(line: string): string[] {
  return [...line.matchAll(/"[^"]*"|'[^']*'|\S+/g)].map(([word]) => word.replaceAll(/["']/g, "")).filter((word) => word !== "…"); // prettier-ignore
}

function interruptedOnceItHasPrinted(line: string): string {
  return `${line} > tailed & until [ -s tailed ] || ! kill -0 $!; do sleep 0.1; done; kill -INT $!; wait $!; cat tailed`;
}

/** What commander says of a command line; nothing is done. */
async function complaintOf(words: readonly string[]): Promise<string | undefined> {
  const program = commandLine();
  let said = "";
  const disarm = (command: ReturnType<typeof commandLine>): void => {
    command.configureOutput({ writeErr: (piece) => (said += piece), writeOut: () => undefined });
    if (command.commands.length === 0) command.action(() => undefined);
    command.commands.forEach(disarm);
  };
  disarm(program);
  try {
    await program.parseAsync(["node", "countinghouse", ...words]);
    return undefined;
  } catch (error) {
    const { exitCode } = error as { exitCode?: number };
    return exitCode === 0 ? undefined : said;
  }
}

test("what the console tells people to type is a command line that the program takes", async () => {
  const told = filesIn("packages/console/src", /\.tsx?$/).flatMap((file) =>
    [...textOf(file).matchAll(/npm run countinghouse -- ([^"`]+)/g)].map(([, line = ""]) => ({ file, line })),
  );
  expect(told.length).toBeGreaterThan(5);
  const refused: unknown[] = [];
  for (const { file, line } of told) {
    const complaint = await complaintOf(wordsOf(consoleLine(line)));
    if (complaint !== undefined) refused.push({ file, line, complaint });
  }
  expect(refused).toEqual([]);
});

const IN_CONSOLE: Readonly<Record<string, string>> = { name: "lateness", month: "2026-07" };

/** A line with values in the places that the console fills in, or leaves to people. */
function consoleLine(line: string): string {
  const filled = line.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => IN_CONSOLE[name] ?? "2026-07-01");
  return filled.replaceAll("YYYY-MM", "2026-07");
}

describe.each(pages.filter((page) => blocks.some((block) => block.page === page && isRunHere(block))))("%s", (page) => {
  test("does what its blocks say, one after the other", { timeout: 480_000 }, async () => {
    const folder = newFolder();
    const clock = page === "README.md" ? [] : ["--clock", `manual:${NOW}`];
    const server = await start(["--store", `sqlite:${folder}/countinghouse-data`, ...clock]);
    const known = await prepared(server);
    for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
    mkdirSync(join(folder, ".config/fish/completions"), { recursive: true });
    const here = blocks.filter((block) => block.page === page && isRunHere(block)).filter(({ text }) => hasAws || !/^aws /m.test(text)); // prettier-ignore
    const program = here.map(({ line, text }) => `echo "line ${line}"\n${filledIn(text, server, known)}`).join("\n");
    const env = {
      ...environmentWithCommand(folder),
      COUNTINGHOUSE_OPERATOR_URL: server.operatorUrl,
      COUNTINGHOUSE_OPERATOR_TOKEN: server.operatorToken,
      // Guides go on where README's first request was.
      ...(page === "README.md" ? {} : awsOf(server)),
    };
    // README is about the workspace, whose scripts it calls; guides are about a server somewhere.
    const cwd = page === "README.md" ? ROOT : folder;
    const { code, output } = await inBash(program, env, cwd);
    expect(code, output).toBe(0);
  });
});

function awsOf({ endpoint }: RunningServer): Readonly<Record<string, string>> {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_REGION: "us-east-1",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
  };
}

/** What words in capital letters stand for in a block. */
async function prepared(server: RunningServer): Promise<Readonly<Record<string, string>>> {
  const { body: clock } = await server.operator("GET", "/clock");
  const Timestamp = new Date((clock as { now: string }).now);
  const record = { Timestamp, CustomerIdentifier: "demoCustomer1", Dimension: "queries", Quantity: 3 };
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
  const { Results } = await officialClient(server.endpoint).send(command);
  const policy = {
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Action: "aws-marketplace:*", Resource: "*" }],
  };
  const roles = await server.operator("PATCH", "/accounts/444455556666", { roles: [{ name: "app-role", policy }] });
  expect(roles.status).toBe(200);
  const resource = {
    platform: "ec2",
    externalId: "i-0123456789abcdef1",
    accountId: "444455556666",
    region: "us-east-1",
    startedAt: "2026-11-23T11:00:00Z",
  };
  const { body } = await server.operator("POST", "/resources", resource);
  return {
    METERING_RECORD_ID: Results?.[0]?.MeteringRecordId ?? "",
    RESOURCE_ID: (body as { resourceId: string }).resourceId,
  };
}

/** On this server instead of the one that is started by hand; what follows events is interrupted once it has printed. */
function filledIn(text: string, server: RunningServer, known: Readonly<Record<string, string>>): string {
  return text
    .replaceAll("http://127.0.0.1:7420", server.endpoint)
    .replaceAll(/\b[A-Z]+_[A-Z_]*ID\b/g, (name) => known[name] ?? name)
    .replaceAll(/^countinghouse audit tail.*$/gm, interruptedOnceItHasPrinted);
}

function inBash(
  program: string,
  env: NodeJS.ProcessEnv,
  cwd: string,
): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["--norc", "-euo", "pipefail", "-c", program], {
      env,
      cwd,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("close", (code) => resolve({ code, output }));
  });
}
