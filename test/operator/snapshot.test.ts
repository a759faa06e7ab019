/** Snapshots of a lab: what was in it is in the lab that loads it, and what is no snapshot of one changes nothing. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as delay } from "node:timers/promises";
import { gunzipSync, gzipSync } from "node:zlib";
import { BatchMeterUsageCommand, type BatchMeterUsageCommandOutput } from "@aws-sdk/client-marketplace-metering";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { registrationToken } from "../support/operator-api.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import {
  DEMO,
  officialClient,
  runCommand,
  startServer,
  temporaryFolder,
  type RunningServer,
} from "../support/server.ts";

const NOW = "2026-07-20T12:00:00Z";
const LATER = "2026-07-20T15:00:00Z";
/** Written by the first version that had snapshots. */
const FIXTURE = fileURLToPath(new URL("../fixtures/snapshots/lab-of-format-1.snapshot", import.meta.url));

const folder = temporaryFolder();
const file = join(folder.path, "lab.snapshot");
let lab: RunningServer;
let requests: string[];
let madeSecret: string;

const labAt = (now: string, ...flags: string[]): Promise<RunningServer> =>
  startServer(["--clock", `manual:${now}`, ...flags]);

async function inLab(...flags: string[]): Promise<RunningServer> {
  const server = await labAt("2026-01-01T00:00:00Z", ...flags);
  onTestFinished(async () => void (await server.stop()));
  return server;
}

async function meter(
  { endpoint }: RunningServer,
  quantity: number,
  dimension: string,
  credentials?: { accessKeyId: string; secretAccessKey: string },
): Promise<BatchMeterUsageCommandOutput> {
  const client = officialClient(endpoint, credentials);
  const record = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension: dimension, Quantity: quantity }; // prettier-ignore
  try {
    return await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] }));
  } finally {
    client.destroy();
  }
}

const command = ({ operatorUrl, operatorToken }: RunningServer, ...args: string[]): ReturnType<typeof runCommand> =>
  runCommand(args, { COUNTINGHOUSE_OPERATOR_URL: operatorUrl, COUNTINGHOUSE_OPERATOR_TOKEN: operatorToken });

/** Everything that people read of a ledger. */
async function read(server: RunningServer): Promise<Readonly<Record<string, unknown>>> {
  const paths = [
    "/usage?groupBy=product,customer,dimension,region,hour&measure=money&from=2026-07-01T00:00:00Z&to=2026-08-01T00:00:00Z",
    "/usage?groupBy=product,month&measure=units&from=2026-07-01T00:00:00Z&to=2026-08-01T00:00:00Z",
    "/metering-records",
    "/reports/duplicates?month=2026-07&format=json",
    "/reports/refusals-by-rule?month=2026-07&format=json",
    "/reports/agreement-statement?month=2026-07&format=json",
    "/advice",
    "/agreements",
    "/accounts",
    "/products",
    "/resources",
    "/clock",
    ...requests.map((id) => `/requests/${id}/explanation`),
  ];
  const answers: Record<string, unknown> = {};
  for (const path of paths) {
    const { status, json } = await callOperator(server, "GET", path);
    expect(status, path).toBe(200);
    answers[path] = inOrderOfIds(json);
  }
  const events = (await callOperator(server, "GET", "/audit-events?limit=1000")).json as {
    items: { eventName: string }[];
  };
  answers["events"] = events.items.filter(({ eventName }) => eventName !== "LoadSnapshot");
  return answers;
}

/** A store that is opened again lists the catalogue in another order. */
function inOrderOfIds(answer: unknown): unknown {
  const { items } = (answer ?? {}) as { items?: { id?: string }[] };
  return items?.every(({ id }) => id !== undefined) === true
    ? { items: items.toSorted((a, b) => (String(a.id) < String(b.id) ? -1 : 1)) }
    : answer;
}

const verified = async (server: RunningServer): Promise<unknown> =>
  (await callOperator(server, "GET", "/audit-verification")).json;

/** The text of a snapshot with other lines, and its file. */
function altered(change: (lines: string[]) => string[]): Buffer {
  const lines = gunzipSync(readFileSync(file)).toString().trimEnd().split("\n");
  return gzipSync(`${change(lines).join("\n")}\n`);
}

/** A snapshot with other objects, whose digest is right: somebody made it on purpose. */
function madeOf(change: (object: { kind: string; value: Record<string, unknown> }) => void): Buffer {
  return altered((lines) => {
    const changed = lines.slice(0, -1).map((line) => {
      const written = JSON.parse(line) as { object?: Parameters<typeof change>[0] };
      if (written.object !== undefined) change(written.object);
      return JSON.stringify(written);
    });
    const sha256 = createHash("sha256")
      .update(`${changed.join("\n")}\n`)
      .digest("hex");
    const { end } = JSON.parse(lines.at(-1) ?? "") as { end: object };
    return [...changed, JSON.stringify({ end: { ...end, sha256 } })];
  });
}

beforeAll(async () => {
  lab = await labAt(NOW, "--store", `sqlite:${folder.path}/data`);
  const { json } = await callOperator(lab, "POST", "/accounts/111122223333/access-keys");
  const made = json as { accessKeyId: string; secretAccessKey: string };
  madeSecret = made.secretAccessKey;
  const answers = [
    await meter(lab, 5, "queries"),
    await meter(lab, 7, "seats", made),
    await meter(lab, 6, "queries"),
    await meter(lab, 5, "queries"),
  ];
  requests = answers.map(({ $metadata }) => $metadata.requestId ?? "");
  await registrationToken(lab, "agmt-demo1");
  await callOperator(lab, "POST", "/agreements/agmt-demo2/cancel");
  await callOperator(lab, "POST", "/resources", {
    body: { platform: "ec2", externalId: "i-0123456789abcdef0", accountId: "444455556666", region: "us-east-1" },
  });
  await callOperator(lab, "PUT", "/clock", { body: { now: LATER } });
  const saved = await command(lab, "snapshot", "save", file);
  expect(saved).toMatchObject({ code: 0, stderr: "" });
  expect(saved.stdout).toContain("It holds no secret of an access key");
}, 60_000);
afterAll(async () => {
  await lab.stop();
  folder.remove();
});

describe("a snapshot", () => {
  test("holds no secret, and leaves nothing beside it", () => {
    const text = gunzipSync(readFileSync(file)).toString();
    expect(text).toContain(DEMO.accessKeyId);
    for (const secret of [DEMO.secretAccessKey, madeSecret, "sealed", "PRIVATE KEY", lab.operatorToken]) {
      expect(text).not.toContain(secret);
    }
    expect(readdirSync(folder.path).toSorted()).toEqual(["data", "lab.snapshot"]);
  });

  test("overwrites nothing", async () => {
    const before = readFileSync(file);
    const again = await command(lab, "snapshot", "save", file);
    expect(again).toMatchObject({ code: 2, stdout: "", stderr: expect.stringContaining("exists already") as string });
    expect(readFileSync(file)).toEqual(before);
  });

  test.each([
    ["in memory", () => ["--store", "memory:"]],
    ["in SQLite", () => ["--store", `sqlite:${folder.path}/loaded`]],
  ])(
    "is all there in the lab %s that loads it: sums, reports, explanations, trail and clock",
    async (_where, store) => {
      const other = await inLab(...store());
      const { code, stdout } = await command(other, "snapshot", "load", file, "--json");
      expect(code).toBe(0);
      const { accessKeys, now } = JSON.parse(stdout) as { accessKeys: { accessKeyId: string; secretAccessKey: string }[]; now: string }; // prettier-ignore
      expect(now).toBe("2026-07-20T15:00:00.000Z");
      expect(await read(other)).toEqual(await read(lab));
      expect(await verified(other)).toMatchObject({ intact: true });

      // Both labs know this key from one catalogue file, so its secret is the same; the other one's was made anew.
      const replayed = await meter(other, 5, "queries");
      const [first] = ((await callOperator(lab, "GET", `/requests/${requests[0]}/explanation`)).json as { records: { meteringRecordId: string }[] }).records; // prettier-ignore
      expect(replayed.Results?.[0]).toMatchObject({ Status: "Success", MeteringRecordId: first?.meteringRecordId });
      expect((await meter(other, 8, "queries")).Results?.[0]).toMatchObject({ Status: "DuplicateRecord" });
      expect(accessKeys).toHaveLength(1);
      const [made] = accessKeys;
      expect(made?.secretAccessKey).not.toBe(madeSecret);
      expect((await meter(other, 7, "seats", made)).Results?.[0]).toMatchObject({ Status: "Success" });
      const old = { accessKeyId: made?.accessKeyId ?? "", secretAccessKey: madeSecret };
      await expect(meter(other, 7, "seats", old)).rejects.toMatchObject({ name: "InvalidSignatureException" });
    },
  );

  test("sets a clock that ticks to where the first one stood, and it goes on from there", async () => {
    const other = await startServer([
      "--store",
      "memory:",
      "--clock",
      "offset:2026-01-01T00:00:00Z",
      "--rules",
      "current",
    ]);
    onTestFinished(async () => void (await other.stop()));
    expect((await command(other, "snapshot", "load", file)).code).toBe(0);
    const { now } = (await callOperator(other, "GET", "/clock")).json as { now: string };
    expect(Date.parse(now)).toBeGreaterThanOrEqual(Date.parse(LATER));
    expect(Date.parse(now)).toBeLessThan(Date.parse(LATER) + 3_600_000);
    expect((await meter(other, 8, "queries")).Results?.[0]).toMatchObject({ Status: "DuplicateRecord" });
  });

  test("stays when the server starts again, with what its own catalogue file says besides left away", async () => {
    const store = ["--store", `sqlite:${folder.path}/again`];
    const catalogue = join(folder.path, "other.yaml");
    writeFileSync(catalogue, 'accounts: [{ id: "999900001111", users: [{ name: own }] }]\n');
    const first = await labAt("2026-01-01T00:00:00Z", ...store, "--catalog", catalogue);
    expect((await command(first, "snapshot", "load", file)).code).toBe(0);
    const before = await read(first);
    await first.kill();
    const second = await startServer(["--clock", "manual", ...store, "--catalog", catalogue]);
    onTestFinished(async () => void (await second.stop()));
    const after = await read(second);
    const { events: _, ...rest } = after;
    expect(before).toMatchObject(rest);
    expect((await callOperator(second, "GET", "/accounts/999900001111")).status).toBe(404);
    expect(await verified(second)).toMatchObject({ intact: true });
  });

  test("of the first version that had them is still loaded", async () => {
    const other = await inLab("--store", "memory:");
    const ran = await command(other, "snapshot", "load", FIXTURE, "--json");
    expect(ran, ran.stderr).toMatchObject({ code: 0 });
    const { json } = await callOperator(other, "GET", "/metering-records");
    expect((json as { items: { dimension: string; quantity: number }[] }).items.map(({ dimension, quantity }) => [dimension, quantity])).toEqual([["queries", 5], ["seats", 7]]); // prettier-ignore
    expect(await verified(other)).toMatchObject({ intact: true });
  });
});

describe("is refused, and changes nothing,", () => {
  test("where something has happened in the lab", async () => {
    const other = await inLab("--store", "memory:");
    await callOperator(other, "POST", "/accounts", { body: { id: "999900001111" } });
    const ran = await command(other, "snapshot", "load", file);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("this one is not empty (CreateAccount was called)");
    expect((await callOperator(other, "GET", "/accounts/999900001111")).status).toBe(200);
    await callOperator(other, "POST", "/reset");
    expect((await command(other, "snapshot", "load", file)).code, "after a reset").toBe(0);
    expect((await command(other, "snapshot", "load", file)).code, "a second time").toBe(1);
  });

  test("outside a lab, and by a reader's token", async () => {
    const other = await startServer([
      "--store",
      "memory:",
      "--no-lab",
      "--viewer-token",
      "finance:reader-token-0123456789",
    ]);
    onTestFinished(async () => void (await other.stop()));
    expectProblem(await callOperator(other, "POST", "/snapshot/save"), 403, /needs --lab/);
    expectProblem(await callOperator(other, "POST", "/snapshot/load", { body: { file: "" } }), 403, /needs --lab/);
    const authorization = "Bearer reader-token-0123456789";
    expectProblem(await callOperator(other, "POST", "/snapshot/save", { authorization }), 403, /may only read/);
  });

  test("where the lab's clock cannot stand where the snapshot's stood", async () => {
    const other = await startServer(["--store", "memory:"]);
    onTestFinished(async () => void (await other.stop()));
    const body = { file: readFileSync(file).toString("base64") };
    expectProblem(await callOperator(other, "POST", "/snapshot/load", { body }), 409, /start it with --clock manual/);
  });

  test("where the file is too long, or is not there", async () => {
    mkdirSync(join(folder.path, "elsewhere"));
    const long = join(folder.path, "elsewhere", "long");
    writeFileSync(long, Buffer.alloc(16 * 1_048_576 + 1));
    expect((await command(lab, "snapshot", "load", long)).stderr).toContain("too long for a snapshot");
    expect((await command(lab, "snapshot", "load", "/nowhere")).stderr).toContain("cannot be read (ENOENT)");
    const nowhere = await command(lab, "snapshot", "save", join(folder.path, "nowhere", "file"));
    expect(nowhere).toMatchObject({ code: 2, stderr: expect.stringContaining("cannot be written (ENOENT)") as string });
    expect(existsSync(join(folder.path, "nowhere"))).toBe(false);
    const body = { file: "A".repeat(24 * 1_048_576) };
    expect((await callOperator(lab, "POST", "/snapshot/load", { body })).status).toBe(413);
  });

  test("whatever is wrong with its bytes", async () => {
    const other = await inLab("--store", "memory:");
    const before = await callOperator(other, "GET", "/audit-events?limit=1000");
    const whole = readFileSync(file);
    const flipped = Buffer.from(whole);
    flipped[whole.length >> 1] = (flipped[whole.length >> 1] ?? 0) ^ 0xff;
    const head = (change: object) => altered(([first = "", ...rest]) => [JSON.stringify({ ...(JSON.parse(first) as object), ...change }), ...rest]); // prettier-ignore
    const wrong: readonly (readonly [Buffer, RegExp])[] = [
      [Buffer.from(""), /^This is no snapshot/],
      [Buffer.from("countinghouse"), /^This is no snapshot/],
      [gzipSync("{}"), /^This is no snapshot/],
      [gzipSync("not json at all"), /^This is no snapshot/],
      [readFileSync(fileURLToPath(new URL("../../package-lock.json", import.meta.url))), /^This is no snapshot/],
      [whole.subarray(0, whole.length - 20), /^The snapshot is cut off/],
      [whole.subarray(0, 200), /^The snapshot is cut off/],
      [flipped, /^The snapshot (?:is damaged|is cut off|is not as it was saved)|^This is no snapshot/],
      [altered((lines) => lines.slice(0, -1)), /^The snapshot is cut off: its last line is missing/],
      [altered((lines) => lines.toSpliced(5, 1)), /^The snapshot is not as it was saved/],
      [
        altered((lines) => lines.map((line) => line.replace(DEMO.seller, "999999999999"))),
        /^The snapshot is not as it was/,
      ],
      [
        head({ version: 2, program: "9.0.0" }),
        /^The snapshot is of a newer version\. It was saved by version "9\.0\.0" in format 2/,
      ],
      [
        madeOf(({ kind, value }) => {
          if (kind === "account") value["roles"] = [{ name: "r", policy: { Statement: [{ Effect: "Permit" }] } }];
        }),
        /^The snapshot's catalogue cannot be read: account \d{12} is not what it should be \(roles\.0\.policy\.Statement\.0\.Effect: /,
      ],
      [gzipSync(Buffer.alloc(64 * 1_048_576 + 1)), /at most 16 MiB, and 64 MiB decompressed/],
    ];
    for (const [bytes, detail] of wrong) {
      const answer = await callOperator(other, "POST", "/snapshot/load", { body: { file: bytes.toString("base64") } });
      expectProblem(answer, 409, detail);
    }
    const noBase64 = await callOperator(other, "POST", "/snapshot/load", { body: { file: "%%%" } });
    expect(noBase64.status).toBe(422);
    expect((await callOperator(other, "GET", "/audit-events?limit=1000")).json).toEqual(before.json);
  });

  test.each([0, 2, 10, 40])("or is there whole, where the server is killed %i ms after the request", async (ms) => {
    const data = join(folder.path, `killed-${ms}`);
    const first = await labAt("2026-01-01T00:00:00Z", "--store", `sqlite:${data}`);
    const body = { file: readFileSync(file).toString("base64") };
    const loading = callOperator(first, "POST", "/snapshot/load", { body }).catch(() => undefined);
    await delay(ms);
    await first.kill();
    const answered = await loading;
    const second = await startServer(["--clock", "manual", "--store", `sqlite:${data}`]);
    onTestFinished(async () => void (await second.stop()));
    expect(await verified(second)).toMatchObject({ intact: true });
    const { json } = await callOperator(second, "GET", "/metering-records");
    const { items } = json as { items: unknown[] };
    expect(answered === undefined ? [0, 2] : [2]).toContain(items.length);
    const again = await command(second, "snapshot", "load", file);
    expect(again.code, again.stderr).toBe(items.length === 0 ? 0 : 1);
  });
});
