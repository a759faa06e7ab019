/** What long commands show while they work, on a terminal, in a pipe and with `--json`; and what an interruption leaves. */
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { environmentWithCommand, isThere, onTerminal } from "../support/command-on-path.ts";
import { holdingProxy } from "../support/holding-proxy.ts";
import { MADE_MS_MAX, largeLedger } from "../support/large-ledger.ts";
import { newFolder, start } from "../support/scoped.ts";
import { runCommand, temporaryFolder, type RunningServer } from "../support/server.ts";
import { startCommand } from "../support/started-command.ts";

const ENTRIES = 4_000;
const folder = temporaryFolder();
const data = join(folder.path, "data");
const backupFile = join(folder.path, "backup");
const FROM = ["--store", `sqlite:${data}`];

beforeAll(async () => {
  await largeLedger(data, ENTRIES);
  expect(await runCommand(["store", "backup", backupFile, ...FROM])).toMatchObject({ code: 0, stderr: "" });
}, MADE_MS_MAX);
afterAll(() => folder.remove());

interface Told {
  readonly doing: string;
  readonly done: number;
  readonly of?: number;
  readonly unit: string;
}

async function told(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Told[]> {
  const { code, stdout, stderr } = await startCommand([...args, "--json"], env).ended;
  expect(code, stderr).toBe(0);
  expect(JSON.parse(stdout), "standard output is what it is without progress").toBeTypeOf("object");
  return stderr
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Told);
}

describe("with --json, lines of JSON on standard error say how far a command has come", () => {
  test("verify: it reads all entries, and adds them up again", async () => {
    const lines = await told(["store", "verify", ...FROM]);
    expect(lines).toContainEqual(expect.objectContaining({ doing: "checking the file", done: 0, unit: "steps" }));
    const read = lines.filter(({ doing }) => doing === "reading entries");
    expect(read.at(0)).toMatchObject({ done: 0, of: ENTRIES, unit: "entries" });
    expect(read.at(-1)).toMatchObject({ done: ENTRIES, of: ENTRIES, share: 1, secondsLeft: 0 });
    expect(read.at(-1)).toHaveProperty("perSecond", expect.any(Number));
  });

  test("backup and restore: entries, records and bytes", async () => {
    const path = newFolder();
    const backup = await told(["store", "backup", join(path, "b"), ...FROM]);
    const copied = backup.filter(({ doing }) => doing === "copying entries");
    expect(copied[0]).toMatchObject({ done: 0, of: ENTRIES, unit: "entries" });
    expect(backup.map(({ doing }) => doing)).toEqual(
      expect.arrayContaining(["copying records", "building indexes", "checking the file"]),
    );
    const restored = await told(["store", "restore", join(path, "b"), "--store", `sqlite:${path}/restored`]);
    const bytes = restored.filter(({ doing }) => doing === "copying the backup");
    expect(bytes.at(-1)?.done).toBe(bytes[0]?.of);
    expect(bytes[0]).toMatchObject({ done: 0, unit: "bytes" });
  });
});

test("in a pipe nothing is said, however long it takes", async () => {
  const target = join(newFolder(), "b");
  const { code, stderr } = await startCommand(["store", "backup", target, ...FROM]).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(await startCommand(["store", "verify", ...FROM]).ended).toMatchObject({ code: 0, stderr: "" });
});

const noTerminal = !isThere("script");
if (noTerminal) process.stdout.write("skipped: progress on a terminal: script is not on this machine\n");

interface Terminal {
  readonly shown: (text: string) => Promise<string>;
  readonly type: (keys: string) => void;
}

/** A terminal of this width, on which this is typed; the variables are the command's. */
function terminal(columns: number, command: string, variables: Readonly<Record<string, string>> = {}): Terminal {
  const cwd = newFolder();
  const env = { ...environmentWithCommand(cwd), COUNTINGHOUSE_PROGRESS_AFTER_MS: "0", ...variables };
  const line = `stty cols ${columns}; trap : INT; ${command}; echo the'' end $?`;
  const opened = onTerminal(`sh -c ${JSON.stringify(line).replaceAll("$", "\\$")}`, env, cwd);
  onTestFinished(() => opened.end());
  return opened;
}

/** What stands on a terminal after this was written to it; it knows no more than carriage returns. */
function screenOf(written: string): string[] {
  return written
    .replaceAll(/\r+\n/g, "\n")
    .split("\n")
    .map((line) =>
      line
        .split("\r")
        .reduce((before, text) => text + before.slice(text.length), "")
        .trimEnd(),
    );
}

describe.skipIf(noTerminal)("on a terminal", () => {
  test("one line is written anew, no longer than the terminal is wide, and is gone at the end", async () => {
    const written = await terminal(40, `countinghouse store verify --store 'sqlite:${data}'`).shown("the end 0");
    expect(written).toMatch(new RegExp(`\\rReading entries: \\d+ of ${ENTRIES} entries`));
    const shown = written.split(/[\r\n]+/).filter((text) => /^(Reading|Checking|Counting|Adding)/.test(text));
    expect(shown.length).toBeGreaterThan(1);
    expect(shown.map((text) => text.trimEnd().length).filter((length) => length >= 40)).toEqual([]);
    expect(written, "no control sequence").not.toContain("\u001b");
    const screen = screenOf(written);
    expect(screen.filter((line) => /Reading|Checking|Counting|Adding/.test(line))).toEqual([]);
    expect(screen).toContain("The ledger agrees with itself.");
  });

  test("nothing is shown of a command that is soon done", async () => {
    const command = `countinghouse store verify --store 'sqlite:${data}'`;
    const written = await terminal(80, command, { COUNTINGHOUSE_PROGRESS_AFTER_MS: "1000000000" }).shown("the end 0");
    expect(written).not.toContain("Reading entries");
  });

  test("Ctrl-C ends it: the line is gone, one sentence says what is left, and the exit code is 130", async () => {
    const target = join(newFolder(), "b");
    const opened = terminal(100, `countinghouse store backup '${target}' --store 'sqlite:${data}'`, {
      NO_COLOR: "1",
    });
    const before = await opened.shown("Copying entries: ");
    opened.type("\u0003");
    const screen = screenOf(before + (await opened.shown("the end 130")));
    expect(screen).toContainEqual(
      expect.stringMatching(/^(\^C)?countinghouse: Interrupted\. No backup was written\.$/),
    );
    expect(screen.filter((line) => line.includes("Copying"))).toEqual([]);
    expect(existsSync(target)).toBe(false);
  });
});

describe("an interrupted command", () => {
  test("backup: leaves no file, and nothing beside it", async () => {
    for (const [signal, code] of [
      ["SIGINT", 130],
      ["SIGTERM", 143],
    ] as const) {
      const path = newFolder();
      const backup = startCommand(["store", "backup", join(path, "b"), ...FROM, "--json"]);
      await backup.saying('"copying entries"');
      backup.interrupt(signal);
      const ended = await backup.ended;
      expect(ended).toMatchObject({ code, stdout: "" });
      expect(ended.stderr).toContain("countinghouse: Interrupted. No backup was written.\n");
      expect(readdirSync(path)).toEqual([]);
    }
  });

  test("restore: leaves no ledger, and may be begun again", async () => {
    const restored = join(newFolder(), "restored");
    const args = ["store", "restore", backupFile, "--store", `sqlite:${restored}`];
    const restore = startCommand([...args, "--json"]);
    await restore.saying('"copying the backup"');
    restore.interrupt();
    const ended = await restore.ended;
    expect(ended).toMatchObject({ code: 130, stdout: "" });
    expect(ended.stderr).toContain("countinghouse: Interrupted. Nothing was restored.\n");
    expect(readdirSync(restored).filter((name) => name.startsWith("ledger"))).toEqual([]);
    expect(await runCommand(args)).toMatchObject({ code: 0 });
    expect(await runCommand(["store", "verify", "--store", `sqlite:${restored}`])).toMatchObject({ code: 0 });
  });

  test("verify: says that it says nothing", async () => {
    const verify = startCommand(["store", "verify", ...FROM, "--json"]);
    await verify.saying('"reading entries"');
    verify.interrupt();
    const ended = await verify.ended;
    expect(ended).toMatchObject({ code: 130, stdout: "" });
    expect(ended.stderr).toContain("countinghouse: Interrupted. Nothing is said of the ledger.\n");
  });
});

async function served(): Promise<RunningServer> {
  const own = join(newFolder(), "data");
  expect(await runCommand(["store", "restore", backupFile, "--store", `sqlite:${own}`])).toMatchObject({ code: 0 });
  return start(["--store", `sqlite:${own}`, "--clock", "offset:2026-03-15T00:00:00Z"]);
}

describe("an interrupted command that talks to a server", () => {
  test.each([
    ["jsonl", (to: string) => ["--to", join(to, "events.jsonl")], "No file was written."],
    [
      "cloudtrail",
      (to: string) => ["--to", to, "--format", "cloudtrail"],
      "The files that have their names are complete, and others are missing: export again.",
    ],
  ])("audit export as %s: leaves no part of a file", async (_format, args, left) => {
    const server = await served();
    const to = join(newFolder(), "exported");
    mkdirSync(to);
    const proxy = await holdingProxy(server, (request) => request.includes("cursor="));
    const exporting = startCommand(["audit", "export", ...args(to), "--json"], proxy.env);
    await proxy.held;
    await exporting.saying('"exporting events"');
    exporting.interrupt();
    const ended = await exporting.ended;
    expect(ended).toMatchObject({ code: 130, stdout: "" });
    expect(ended.stderr).toContain(`countinghouse: Interrupted. ${left}\n`);
    const files = readdirSync(to, { recursive: true, encoding: "utf8" });
    expect(files.filter((name) => name.endsWith(".partial") || name.endsWith(".jsonl"))).toEqual([]);
  });

  test.each([
    [["audit", "verify"], "GET /operator/v1/audit-verifications/", "The server goes on with the verification."],
    [["report", "lateness", "--month", "2026-03"], "GET /operator/v1/reports/", "The server goes on adding up."],
    [
      ["usage", "--from", "2026-03-01T00:00:00Z", "--until", "2026-04-01T00:00:00Z"],
      "GET /operator/v1/usage",
      "The server goes on adding up.",
    ],
  ])("%j: waits no longer", async (args, held, left) => {
    const server = await served();
    const proxy = await holdingProxy(server, (request) => request.startsWith(held));
    const asking = startCommand([...args, "--json"], proxy.env);
    await proxy.held;
    asking.interrupt();
    const ended = await asking.ended;
    expect(ended).toMatchObject({ code: 130, stdout: "" });
    expect(ended.stderr).toContain(`countinghouse: Interrupted. ${left}\n`);
  });
});
