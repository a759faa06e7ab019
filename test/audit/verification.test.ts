/** The audit trail, verified beside a running server, and after somebody has been at its files. */
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { describe, expect, test } from "vitest";
import { CHAIN_START, linkOf } from "../../packages/server/src/ledger/chain.ts";
import { ENTRY_COLUMNS, encodedEntryOf, type EntryRow } from "../../packages/server/src/stores/sqlite/entry-rows.ts";
import { moveClock } from "../support/operator-api.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type RunningServer } from "../support/server.ts";

const CLOCK = ["--clock", "manual:2026-07-20T12:00:00Z"];

interface Verification {
  readonly intact: boolean;
  readonly entries: number;
  readonly checkpoints: { readonly count: number; readonly keyFingerprint: string };
  readonly disagreement?: string;
}

async function verification(server: RunningServer): Promise<Verification> {
  const { status, body } = await server.operator("GET", "/audit-verification");
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Verification;
}

async function meter(server: RunningServer, dimension: string, quantity = 1): Promise<void> {
  const client = officialClient(server.endpoint);
  const Timestamp = new Date("2026-07-20T12:00:00Z");
  const record = { Timestamp, CustomerIdentifier: "demoCustomer1", Dimension: dimension, Quantity: quantity };
  await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] }));
  client.destroy();
}

const linesOf = (data: string): string[] =>
  readFileSync(join(data, "checkpoints.jsonl"), "utf8")
    .split("\n")
    .filter((line) => line !== "");

/** A ledger with three batches and a checkpoint between each; the server has ended. */
async function ledgerWithCheckpoints(): Promise<string> {
  const data = join(newFolder(), "data");
  const server = await start(["--store", `sqlite:${data}`, ...CLOCK]);
  for (const dimension of ["seats", "queries", "gb_ingested"]) {
    await meter(server, dimension);
    await moveClock(server, { advanceSeconds: 3_600 });
  }
  await server.stop();
  return data;
}

/** Does something to the ledger's file, and then makes the chain anew, as somebody would who knows how it is made. */
function forge(data: string, sql: string): void {
  const db = new DatabaseSync(join(data, "ledger.sqlite"));
  db.exec(sql);
  let link: Uint8Array = CHAIN_START;
  let newest = 0;
  const update = db.prepare("UPDATE entry SET link = ? WHERE seq = ?");
  for (const row of db.prepare(`SELECT ${ENTRY_COLUMNS} FROM entry ORDER BY seq`).all() as unknown as EntryRow[]) {
    link = linkOf(link, row.seq, encodedEntryOf(row));
    newest = row.seq;
    update.run(link, row.seq);
  }
  const head = `${newest} ${Buffer.from(link).toString("hex")}`;
  db.prepare("UPDATE setting SET value = ? WHERE name = 'chain-head'").run(head);
  db.close();
}

async function verified(data: string): Promise<Verification> {
  const server = await start(["--store", `sqlite:${data}`, "--clock", "manual"]);
  const found = await verification(server);
  await server.stop();
  return found;
}

describe("S7: the trail of a server", () => {
  test("is intact, with a checkpoint for each hour of the service clock, after a kill, and on the command line", async () => {
    const data = join(newFolder(), "data");
    const first = await start(["--store", `sqlite:${data}`, ...CLOCK]);
    const atStart = linesOf(data).length;
    await meter(first, "seats");
    await moveClock(first, { advanceSeconds: 3_599 });
    expect(linesOf(data)).toHaveLength(atStart);
    await moveClock(first, { advanceSeconds: 1 });
    expect(linesOf(data)).toHaveLength(atStart + 1);
    expect(await verification(first)).toMatchObject({ intact: true, checkpoints: { count: atStart + 1 } });
    await meter(first, "queries");
    await first.kill();

    const second = await start(["--store", `sqlite:${data}`, "--clock", "manual"]);
    const { entries, checkpoints } = await verification(second);
    expect(checkpoints.count).toBe(atStart + 2);
    const ran = await runCommand(["audit", "verify", "--data", data]);
    expect(ran).toMatchObject({ code: 0, stderr: "" });
    expect(ran.stdout).toMatch(/The audit trail is intact\.\n$/);
    expect(ran.stdout).toContain(checkpoints.keyFingerprint);
    const json = await runCommand(["audit", "verify", "--data", data, "--json"]);
    expect(JSON.parse(json.stdout)).toMatchObject({ intact: true, entries });
  });

  test("is intact in memory, too, and after a reset", async () => {
    const server = await start(["--store", "memory:", ...CLOCK]);
    await meter(server, "seats");
    expect(await verification(server)).toMatchObject({ intact: true });
    await server.operator("POST", "/reset");
    await meter(server, "seats");
    expect(await verification(server)).toMatchObject({ intact: true });
  });

  test("starts anew with a reset, and stays whole over it and over restarts", async () => {
    const data = await ledgerWithCheckpoints();
    const server = await start(["--store", `sqlite:${data}`, "--clock", "manual"]);
    await server.operator("POST", "/reset");
    expect(await verification(server)).toMatchObject({ intact: true, checkpoints: { count: 0 } });
    await server.stop();
    expect(await verified(data)).toMatchObject({ intact: true, checkpoints: { count: 2 } });
  });

  test("can be verified while it grows, by several at once", async () => {
    const server = await start(["--store", `sqlite:${newFolder()}/data`, "--clock", "manual:2026-07-20T12:00:00Z"]);
    const load = { going: true };
    const client = officialClient(server.endpoint);
    const callers = Array.from({ length: 8 }, async (_, i) => {
      for (let n = 0; load.going; n += 1) {
        const record = {
          Timestamp: new Date("2026-07-20T12:00:00Z"),
          CustomerIdentifier: "demoCustomer1",
          Dimension: "seats",
          Quantity: i * 1_000 + n,
        };
        await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] }));
      }
    });
    for (let round = 0; round < 5; round += 1) {
      const found = await Promise.all([verification(server), verification(server)]);
      expect(found).toEqual([expect.objectContaining({ intact: true }), expect.objectContaining({ intact: true })]);
    }
    load.going = false;
    await Promise.all(callers);
    client.destroy();
  });
});

describe("somebody who can make the chain anew is found by the checkpoints:", () => {
  test("a quantity that was changed", async () => {
    const data = await ledgerWithCheckpoints();
    forge(data, `UPDATE entry SET body = replace(body, '"records":[[0,0,0,1]]', '"records":[[0,0,0,0]]')`);
    const server = await start(["--store", `sqlite:${data}`, "--clock", "manual"]);
    const { intact, disagreement } = await verification(server);
    expect({ intact, disagreement }).toEqual({
      intact: false,
      disagreement: expect.stringMatching(
        /^Entry \d+, or one before it, is not the one that the checkpoint of 2026/,
      ) as string,
    });
    const ran = await runCommand(["audit", "verify", "--data", data]);
    expect(ran).toMatchObject({ code: 1, stdout: "" });
    expect(ran.stderr).toContain("The audit trail is not intact. Entry");
  });

  test("an end that was cut off", async () => {
    const data = await ledgerWithCheckpoints();
    forge(data, "DELETE FROM metering_record WHERE entry_seq > 4; DELETE FROM entry WHERE seq > 4");
    const refused = await runCommand(["serve", "--port", "0", "--store", `sqlite:${data}`, "--clock", "manual"]);
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toContain("It ends at entry 4, but entry ");
    // Whoever has been at the mark as well has not been at the checkpoints.
    rmSync(join(data, "ledger.mark"));
    const again = await runCommand(["serve", "--port", "0", "--store", `sqlite:${data}`, "--clock", "manual"]);
    expect(again.stderr).toMatch(
      /It ends at entry 4, but the checkpoint of 2026-07-20T15:00:00.000Z .* knows of entry /,
    );
    // Accepted, it is no less missing.
    const server = await start(["--store", `sqlite:${data}`, "--clock", "manual", "--accept-lost-tail"]);
    const { disagreement } = await verification(server);
    await server.stop();
    expect(disagreement).toMatch(/^(The ledger ends at entry|Entry \d+, or one before it)/);
  });

  test("checkpoints that were altered, taken out, or signed by somebody else", async () => {
    const data = await ledgerWithCheckpoints();
    const file = join(data, "checkpoints.jsonl");
    const lines = linesOf(data);
    writeFileSync(file, `${lines.toSpliced(1, 1).join("\n")}\n`);
    expect((await verified(data)).disagreement).toMatch(/^Line 2 of the checkpoints does not follow/);
    writeFileSync(file, `${lines.join("\n").replace(/"seq":\d+/, '"seq":1')}\n`);
    expect((await verified(data)).disagreement).toBe("Line 1 of the checkpoints is not as it was signed.");
    writeFileSync(file, `${lines.join("\n")}\n`);
    appendFileSync(file, '{"v":1,"lanes":[],"key":"0000","signature":""}\n');
    expect((await verified(data)).disagreement).toMatch(/was signed with another key/);
  });

  test("a line that a crash cut off is named, and spoils none after it", async () => {
    const data = await ledgerWithCheckpoints();
    const file = join(data, "checkpoints.jsonl");
    const count = linesOf(data).length;
    appendFileSync(file, '{"v":1,"at":"2026');
    const { disagreement, checkpoints } = await verified(data);
    expect(disagreement).toBe(`Line ${count + 1} of the checkpoints is not JSON.`);
    expect(checkpoints.count).toBeGreaterThanOrEqual(count);
  });
});

test("checkpoints go where they are told to, and a place that cannot be written is refused at the start", async () => {
  const folder = newFolder();
  const server = await start([
    "--store",
    `sqlite:${folder}/data`,
    "--checkpoint-file",
    join(folder, "elsewhere.jsonl"),
  ]);
  expect(readFileSync(join(folder, "elsewhere.jsonl"), "utf8")).toMatch(/^\{"v":1/);
  await server.stop();
  const ran = await runCommand([
    "serve",
    "--port",
    "0",
    "--store",
    "memory:",
    "--checkpoint-file",
    join(folder, "no", "file"),
  ]);
  expect(ran.code).toBe(2);
  expect(ran.stderr).toContain("The checkpoints cannot be written to");
});

test("checkpoints that cannot be read are named, at a start and to whoever asks for a verification", async () => {
  const folder = newFolder();
  const data = join(folder, "data");
  const args = ["--store", `sqlite:${data}`, ...CLOCK];
  const server = await start(args);
  rmSync(join(data, "checkpoints.jsonl"));
  mkdirSync(join(data, "checkpoints.jsonl"));
  const said = `The checkpoints cannot be read from ${join(data, "checkpoints.jsonl")}: EISDIR: illegal operation on a directory, read`;
  expect(await server.operator("GET", "/audit-verification")).toMatchObject({
    status: 503,
    body: { detail: `${said}.` },
  });
  await server.kill();
  const refused = await runCommand(["serve", "--port", "0", ...args]);
  expect([refused.code, refused.stderr]).toEqual([1, `countinghouse: ${said}\n`]);
});

/** So many calls by somebody who does not know the secret. */
const strangers = async (server: RunningServer, count: number): Promise<void> => {
  const client = officialClient(server.endpoint, { ...DEMO, secretAccessKey: "wrong" });
  const calls = Array.from({ length: count }, () => client.send(new BatchMeterUsageCommand({ UsageRecords: [] })));
  const outcomes = await Promise.allSettled(calls);
  client.destroy();
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: count }, () => "rejected"));
};
const bodiesOf = (data: string, kind: string): string[] => {
  const db = new DatabaseSync(join(data, "ledger.sqlite"), { readOnly: true });
  const rows = db.prepare("SELECT body FROM entry WHERE body LIKE ? ORDER BY seq").all(`%${kind}%`);
  db.close();
  return rows.map(({ body }) => String(body));
};

describe("N1: calls whose signature is not good", () => {
  test("are kept, a few a minute, and the rest of them counted", async () => {
    const data = join(newFolder(), "data");
    const server = await start(["--store", `sqlite:${data}`]);
    await strangers(server, 40);
    await server.stop();
    const kept = bodiesOf(data, "InvalidSignatureException").filter((body) => body.includes('"call-refused"'));
    const counted = bodiesOf(data, "calls-not-kept").flatMap((body) => {
      const { event } = JSON.parse(body) as { event: { counts: { operation: string; code: string; count: number }[] } };
      return event.counts;
    });
    // Ten of a minute, or of two, where a minute ended meanwhile.
    expect([10, 20]).toContain(kept.length);
    expect(counted.reduce((sum, { count }) => sum + count, 0)).toBe(40 - kept.length);
    expect(counted).toEqual(
      counted.map(({ count }) => ({ operation: "BatchMeterUsage", code: "InvalidSignatureException", count })),
    );
    expect(JSON.parse(kept[0] ?? "")).toMatchObject({
      call: { principal: "unknown", accessKeyId: DEMO.accessKeyId, sourceAddress: "127.0.0.1" },
    });
  });

  test("leave no signature in the ledger, whatever the refusal quotes", async () => {
    const data = join(newFolder(), "data");
    const server = await start(["--store", `sqlite:${data}`]);
    const answer = await fetch(server.endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": "AWSMPMeteringService.BatchMeterUsage",
        authorization:
          "AWS4-HMAC-SHA256 Credential=AKIACOUNTINGHOUSE001/20260720/us-east-1/aws-marketplace/aws4_request, Signature=0123456789abcdef",
      },
      body: "{}",
    });
    expect(await answer.text()).toContain("0123456789abcdef");
    await server.stop();
    expect(bodiesOf(data, "IncompleteSignatureException")).toHaveLength(1);
    expect(bodiesOf(data, "0123456789abcdef")).toEqual([]);
  });

  test("Q2: calls over a quota are counted, too", async () => {
    const data = join(newFolder(), "data");
    const server = await start(["--store", `sqlite:${data}`, "--quotas", "aws"]);
    const { accessKeyId, secretAccessKey } = DEMO;
    const once = { maxAttempts: 1, region: "us-east-1", credentials: { accessKeyId, secretAccessKey } };
    const client = new MarketplaceMeteringClient({ ...once, endpoint: server.endpoint });
    const calls = Array.from({ length: 60 }, () => client.send(new BatchMeterUsageCommand({ UsageRecords: [] })));
    const outcomes = await Promise.allSettled(calls);
    client.destroy();
    await server.stop();
    const refused = outcomes.filter(({ status }) => status === "rejected");
    expect(refused.length).toBeGreaterThan(0);
    expect(bodiesOf(data, "calls-not-kept").join("")).toContain(
      `"code":"ThrottlingException","count":${refused.length}}`,
    );
  });
});
