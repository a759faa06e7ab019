/** `audit search`, `audit tail` and `audit export`. */
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { BatchMeterUsageCommand, type MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { callOperator } from "../support/operator-call.ts";
import { moveClock } from "../support/operator-api.ts";
import { newFolder } from "../support/scoped.ts";
import { DEMO, NODE_FLAGS, officialClient, runCommand, startServer, type RunningServer } from "../support/server.ts";
import { cellsOf, commandsFor } from "./command.ts";

const NOW = "2026-03-10T23:59:00Z";
const READ_ONLY = { accessKeyId: "AKIACOUNTINGHOUSE002", secretAccessKey: "example-secret-2" };

interface Recorded {
  readonly eventID: string;
  readonly eventName: string;
  readonly eventTime: string;
}

let server: RunningServer;
beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--clock", `manual:${NOW}`]);
  const client = officialClient(server.endpoint);
  for (let i = 0; i < 12; i += 1) await meter(client);
  await meter(officialClient(server.endpoint, DEMO, "eu-west-1"));
  await moveClock(server, { advanceSeconds: 120 });
  await meter(officialClient(server.endpoint, READ_ONLY));
  await meter(client);
});
afterAll(() => server.stop());

async function meter(client: MarketplaceMeteringClient): Promise<void> {
  const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [] });
  await client.send(command).catch((error: unknown) => {
    if ((error as Error).name !== "AccessDeniedException") throw error;
  });
}

const { ok, json, fails } = commandsFor(() => server);

/** Every event there is, oldest first, as the operator API lists them. */
async function everything(): Promise<Recorded[]> {
  const { json: body } = await callOperator(server, "GET", "/audit-events?order=oldest&limit=1000");
  return (body as { items: Recorded[] }).items;
}

/** The names of the events that a search finds. */
const search = async (...flags: string[]): Promise<string[]> =>
  ((await json("audit", "search", ...flags)) as Recorded[]).map(({ eventName }) => eventName);

describe("audit search", () => {
  test("prints who did what, newest first, with the outcome", async () => {
    const lines = cellsOf(await ok("audit", "search", "--limit", "100"));
    expect(lines[0]).toEqual(["time", "event", "account", "who", "region", "outcome", "requestId"]);
    expect(lines).toHaveLength((await everything()).length + 1);
    expect(lines[1]?.slice(0, 6)).toEqual([
      "2026-03-11T00:01:00Z", "BatchMeterUsage", DEMO.seller, "metering", "us-east-1", "ok",
    ]); // prettier-ignore
    expect(lines[2]?.slice(3, 6)).toEqual(["read-only", "us-east-1", "AccessDeniedException"]);
    expect(lines[3]?.slice(1, 6)).toEqual(["MoveClock", "-", "operator", "-", "ok"]);
    expect(lines[4]?.slice(1, 6)).toEqual(["BatchMeterUsage", DEMO.seller, "metering", "eu-west-1", "ok"]);
  });

  test("takes filters, times, an order and a limit, and prints records with --json", async () => {
    expect(await search("--event", "MoveClock")).toEqual(["MoveClock"]);
    expect(await search("--access-key", READ_ONLY.accessKeyId)).toHaveLength(1);
    expect(await search("--account", DEMO.seller, "--from", "2026-03-11")).toHaveLength(2);
    expect(await search("--product", DEMO.productCode, "--until", "2026-03-11")).toHaveLength(13);
    expect(await search("--order", "oldest", "--until", "2026-03-11")).toMatchObject({
      0: "StartClock",
      1: "ApplyCatalogue",
    });
    expect(await search("--account", "000000000000")).toEqual([]);
  });

  test("says where there may be more", async () => {
    const { code, stderr } = await commandsFor(() => server).run(["audit", "search", "--limit", "2"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "There may be more than these 2: raise --limit.\n" });
  });

  test("ends with 2 where the command line is wrong", async () => {
    expect(await fails(2, "audit", "search", "--from", "yesterday")).toContain("It must be a time");
    expect(await fails(2, "audit", "search", "--order", "random")).toContain("Allowed choices are newest, oldest");
    expect(await fails(2, "audit")).toContain("Usage: countinghouse audit");
  });
});

/** Where CloudTrail would put a file, and what it would call it. */
const pathOf = (account: string, region: string, day: string, time: string): RegExp =>
  new RegExp(
    `^AWSLogs/${account}/CloudTrail/${region}/${day}/${account}_CloudTrail_${region}_${time}_\\w{16}\\.json\\.gz$`,
  );

describe("audit export", () => {
  test("writes one record a line, oldest first, to standard output or a file", async () => {
    const wanted = (await everything()).map((record) => JSON.stringify(record));
    expect((await ok("audit", "export", "--to", "-")).trimEnd().split("\n")).toEqual(wanted);
    const file = join(newFolder(), "events.jsonl");
    expect(await ok("audit", "export", "--to", file)).toBe(`${wanted.length} events in ${file}.\n`);
    expect(readFileSync(file, "utf8").trimEnd().split("\n")).toEqual(wanted);
    expect(existsSync(`${file}.partial`)).toBe(false);
    expect(await json("audit", "export", "--to", file, "--event", "MoveClock")).toEqual({ events: 1, file });
    expect(readFileSync(file, "utf8")).toContain('"eventName":"MoveClock"');
  });

  test("writes files as CloudTrail delivers them, by account, region and day", async () => {
    const folder = newFolder();
    const told = (await json("audit", "export", "--format", "cloudtrail", "--to", folder)) as object;
    const files = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
      .toSorted();
    expect(files).toEqual([
      expect.stringMatching(pathOf(DEMO.seller, "eu-west-1", "2026/03/10", "20260310T2359Z")),
      expect.stringMatching(pathOf(DEMO.seller, "us-east-1", "2026/03/10", "20260310T2359Z")),
      expect.stringMatching(pathOf(DEMO.seller, "us-east-1", "2026/03/11", "20260311T0001Z")),
      expect.stringMatching(pathOf("operator", "global", "2026/03/10", "20260310T2359Z")),
    ]);
    const all = await everything();
    expect(told).toEqual({ events: all.length, files: 4, folder });
    const records = files.flatMap((file) => {
      const text = gunzipSync(readFileSync(join(folder, file))).toString();
      return (JSON.parse(text) as { Records: Recorded[] }).Records;
    });
    expect(records.toSorted((a, b) => (a.eventID < b.eventID ? -1 : 1))).toEqual(
      all.toSorted((a, b) => (a.eventID < b.eventID ? -1 : 1)),
    );
    await ok("audit", "export", "--format", "cloudtrail", "--to", folder);
    const again = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    expect(again, "the same export again gives the same names").toHaveLength(4);
  });

  test("leads through many pages, and loses nothing", async () => {
    const many = await startServer(["--store", "memory:"]);
    onTestFinished(() => void many.stop());
    const client = officialClient(many.endpoint);
    await Promise.all(Array.from({ length: 20 }, () => meterOften(client, 120)));
    const env = { COUNTINGHOUSE_OPERATOR_URL: many.operatorUrl, COUNTINGHOUSE_OPERATOR_TOKEN: many.operatorToken };
    const { code, stdout, stderr } = await runCommand(["audit", "export", "--to", "-"], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const ids = stdout
      .trimEnd()
      .split("\n")
      .map((line) => (JSON.parse(line) as Recorded).eventID);
    expect(ids).toHaveLength(2_402);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test("leaves nothing behind where it fails, and says why", async () => {
    const folder = newFolder();
    expect(await fails(1, "audit", "export", "--to", join(folder, "no-such-folder", "file"))).toContain("ENOENT");
    writeFileSync(join(folder, "file"), "");
    expect(await fails(1, "audit", "export", "--format", "cloudtrail", "--to", join(folder, "file"))).toContain(
      "ENOTDIR",
    );
    expect(await fails(2, "audit", "export", "--format", "cloudtrail", "--to", "-")).toContain("give --to a folder");
    expect(await fails(2, "audit", "export")).toContain("required option '--to <place>'");
    const file = join(folder, "events.jsonl");
    const ran = await runCommand(["audit", "export", "--to", file, "--data", "/nowhere"]);
    expect(ran.code).toBe(3);
    expect(readdirSync(folder)).toEqual(["file"]);
  });
});

async function meterOften(client: MarketplaceMeteringClient, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await meter(client);
}

interface Tail {
  lines(): string[];
  errors(): string;
  end(): Promise<number | null>;
}

function startTail(args: readonly string[]): Tail {
  const main = fileURLToPath(new URL("../../packages/server/src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [...NODE_FLAGS, main, "audit", "tail", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(() => void child.kill("SIGKILL"));
  return {
    lines: () => stdout.split("\n").slice(0, -1),
    errors: () => stderr,
    end: () => {
      child.kill("SIGINT");
      return ended;
    },
  };
}

const soon = { timeout: 20_000 };

describe("audit tail", () => {
  test("prints the newest events, then each that comes in, though the clock stands still, until interrupted", async () => {
    const tail = startTail([
      "--lines",
      "3",
      "--event",
      "BatchMeterUsage",
      "--operator-url",
      server.operatorUrl,
      "--operator-token",
      server.operatorToken,
    ]);
    await expect.poll(() => tail.lines(), soon).toHaveLength(4);
    const before = (await everything()).filter(({ eventName }) => eventName === "BatchMeterUsage");
    expect(tail.lines()[0]).toMatch(/^time +event +account +who +region +outcome +requestId$/);
    expect(tail.lines().at(-1)).toContain(before.at(-1)?.eventID.replace(/fe$/, "ff"));
    const client = officialClient(server.endpoint);
    for (let i = 0; i < 130; i += 1) await meter(client);
    await expect.poll(() => tail.lines(), soon).toHaveLength(134);
    const wanted = (await everything()).filter(({ eventName }) => eventName === "BatchMeterUsage").slice(-133);
    const ids = tail.lines().slice(1).map((line) => line.trim().split(/ {2,}/).at(-1)); // prettier-ignore
    expect(ids).toEqual(wanted.map(({ eventID }) => eventID.replace(/fe$/, "ff")));
    expect(await tail.end()).toBe(0);
    expect(tail.errors()).toBe("");
  });

  test("goes on after the server was restarted, at whatever address, and says so", async () => {
    const data = join(newFolder(), "data");
    const first = await startServer(["--store", `sqlite:${data}`]);
    await meter(officialClient(first.endpoint));
    const tail = startTail(["--json", "--data", data]);
    await expect.poll(() => tail.lines(), soon).toHaveLength(3);
    await first.stop();
    await expect.poll(() => tail.errors(), soon).toBe("The server cannot be reached; waiting for it.\n");
    const second = await startServer(["--store", `sqlite:${data}`]);
    onTestFinished(() => void second.stop());
    await meter(officialClient(second.endpoint));
    await expect.poll(() => tail.lines(), soon).toHaveLength(4);
    expect(tail.errors()).toMatch(/\nThe server is there again\.\n$/);
    const events = tail.lines().map((line) => (JSON.parse(line) as Recorded).eventName);
    expect(events).toEqual(["ApplyCatalogue", "CreateRegistrationKey", "BatchMeterUsage", "BatchMeterUsage"]);
    expect(await tail.end()).toBe(0);
  });

  test("ends with 3 where there is no server to begin with", async () => {
    const { code, stdout, stderr } = await runCommand(["audit", "tail", "--data", "/nowhere"]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toContain("No server found");
  });
});
