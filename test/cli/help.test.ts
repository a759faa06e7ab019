/** Help, as people rely on it: examples that run for every command, and a suggestion for whatever is mistyped. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commandLine } from "../../packages/server/src/cli/program.ts";
import { environmentWithCommand } from "../support/command-on-path.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand } from "../support/server.ts";

type Command = ReturnType<typeof commandLine>;

interface Leaf {
  readonly path: string;
  readonly command: Command;
}

function leavesOf(command: Command, path: readonly string[] = []): Leaf[] {
  const inner = command.commands.filter((one) => one.name() !== "help" && one.name() !== "complete");
  if (inner.length === 0) return [{ path: path.join(" "), command }];
  return inner.flatMap((one) => leavesOf(one, [...path, one.name()]));
}

function examplesOf(command: Command): string[] {
  let text = "";
  command.configureOutput({ writeOut: (piece) => (text += piece) }).outputHelp();
  const [, examples = ""] = /\nExamples:\n((?: {2}.+\n?)+)/.exec(text) ?? [];
  return examples.trimEnd().split("\n").filter((line) => line !== "").map((line) => line.trim()); // prettier-ignore
}

const leaves = leavesOf(commandLine()).map(({ path, command }) => ({ path, examples: examplesOf(command) }));

test("every command has examples in its help, and they are of this command", () => {
  expect(leaves.length).toBeGreaterThan(40);
  const strange = leaves.filter(
    ({ path, examples }) =>
      examples.length === 0 || examples.some((example) => !`${example} `.includes(`countinghouse ${path} `)),
  );
  expect(strange).toEqual([]);
});

const NOW = "2026-07-20T10:00:00Z";

/** What an example stands on, beside the demo catalogue. */
const FILES: Readonly<Record<string, string>> = {
  "products.yaml":
    '[{ productCode: from-file, title: From a file, seller: "111122223333", type: saas, pricing: usage, dimensions: [{ name: calls, description: Calls, unit: Call }] }]',
  "agreements.yaml":
    '[{ agreementId: from-file, productCode: 1abcdefghijklmnopqrstuvwx, customerAccountId: "444455556666", customerIdentifier: fromFile, startsAt: "2020-01-01T00:00:00Z" }]',
  "accounts.yaml": '[{ id: "888800001111", title: From a file }]',
};

/** They run until they are told to end, or want a seller's program or a database; they have suites of their own. */
const NOT_RUN = /^(serve|audit tail|activity tail|rehearse|store (copy|migrate|settings))$/;

test("every example runs, one after the other, in a lab with the demo catalogue", async () => {
  const folder = newFolder();
  const env = environmentWithCommand(folder);
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const server = await start(["--store", `sqlite:${folder}/countinghouse-data`, "--clock", `manual:${NOW}`]);
  const { body: resource } = await server.operator("POST", "/resources", { platform: "ec2", externalId: "i-0123456789abcdef1", accountId: "444455556666", region: "us-east-1" }); // prettier-ignore
  const { body: key } = await server.operator("POST", "/accounts/111122223333/access-keys", {});
  const { body: token } = await server.operator("POST", "/registration-tokens", { agreementId: "agmt-demo1" });
  const record = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension: "queries", Quantity: 3 };
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
  const { $metadata } = await officialClient(server.endpoint).send(command);
  const known: Readonly<Record<string, string>> = {
    RESOURCE_ID: (resource as { resourceId: string }).resourceId,
    ACCESS_KEY_ID: (key as { accessKeyId: string }).accessKeyId,
    REGISTRATION_TOKEN: (token as { registrationToken: string }).registrationToken,
    REQUEST_ID: $metadata.requestId ?? "",
  };
  const failed: unknown[] = [];
  const all = leaves.filter(({ path }) => !NOT_RUN.test(path));
  // What the others stand on is gone after a reset; a snapshot is loaded into what is empty then.
  const last = ["reset", "snapshot load"];
  const inOrder = [
    ...all.filter(({ path }) => !last.includes(path)),
    ...last.flatMap((name) => all.filter(({ path }) => path === name)),
  ];
  const run = inOrder.flatMap(({ examples }) => examples);
  for (const example of run) {
    const line = example.replaceAll(/\b[A-Z]+_[A-Z_]+\b/g, (name) => known[name] ?? name);
    const ran = await inShell(line, env, folder);
    if (ran.code !== 0) failed.push({ line, ...ran });
  }
  expect(run.length).toBeGreaterThan(45);
  expect(failed).toEqual([]);
}, 480_000);

function inShell(line: string, env: NodeJS.ProcessEnv, cwd: string): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    const child = spawn("bash", ["--norc", "-c", line], { env, cwd, stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (output += chunk.toString()));
    child.once("close", (code) => resolve({ code, output }));
  });
}

/** One letter is missing, as it happens. */
function mistyped(word: string): string {
  return `${word.slice(0, -2)}${word.slice(-1)}`;
}

async function complaintOf(args: readonly string[]): Promise<string> {
  const program = commandLine();
  let text = "";
  const everywhere = (command: Command): void => {
    command.configureOutput({ writeErr: (piece) => (text += piece), writeOut: () => undefined });
    command.commands.forEach(everywhere);
  };
  everywhere(program);
  await expect(program.parseAsync(["node", "countinghouse", ...args])).rejects.toThrow();
  return text;
}

describe("what is mistyped is suggested", () => {
  test("for every command", async () => {
    for (const { path } of leaves) {
      const words = path.split(" ");
      const last = words.at(-1) ?? "";
      const suggested = await complaintOf([...words.slice(0, -1), mistyped(last)]);
      expect(suggested, path).toMatch(new RegExp(`Did you mean (one of )?[^?]*${last}`));
    }
  });

  test("for every option of every command", async () => {
    for (const { path, command } of leavesOf(commandLine())) {
      for (const { long } of command.createHelp().visibleOptions(command)) {
        const suggested = await complaintOf([...path.split(" "), mistyped(long ?? "")]);
        expect(suggested, `${path} ${long}`).toMatch(new RegExp(`Did you mean (one of )?[^?]*${long}`));
      }
    }
  });

  test("in a process, with the exit code of a wrong command line", async () => {
    const ran = await runCommand(["recrods", "list"]);
    expect(ran).toMatchObject({ code: 2, stdout: "" });
    expect(ran.stderr).toContain("error: unknown command 'recrods'\n(Did you mean records?)");
  });
});
