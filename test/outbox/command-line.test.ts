/** The command line as a process: what it prints, and what it ends with. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openOutbox } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { marketOfTest } from "../support/demo-market.ts";
import { FIRST, folderOfTest, moveTo, outboxOf, recordsOf } from "../support/outbox.ts";
import { DEMO, NODE_FLAGS } from "../support/server.ts";

const MAIN = fileURLToPath(new URL("../../packages/outbox/src/main.ts", import.meta.url));

const bindingFrom = (from: string): readonly string[] =>
  ["bind", "t-1", "--product", DEMO.productCode, "--customer", "demoCustomer1", "--from", from]; // prettier-ignore

function run(args: readonly string[], env: Readonly<Record<string, string>>) {
  return new Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const child = spawn(process.execPath, [...NODE_FLAGS, MAIN, ...args], { env: { ...process.env, ...env } });
    let [stdout, stderr] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
    child.once("close", (code) => resolve({ code, stdout, stderr }));
  });
}

test("a store is made, bound, recorded into, looked at, delivered and verified from the command line", async () => {
  const server = await marketOfTest({ now: "2026-11-10T10:30:00Z" });
  const path = join(folderOfTest(), "usage.outbox");
  const env = {
    OUTBOX_STORE: `sqlite:${path}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
  };
  const bind = bindingFrom("2026-11-01T00:00:00Z");

  expect(await run(["status"], env)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/There is no outbox at/) as string,
  });
  expect(existsSync(path)).toBe(false);
  const init = [
    "init",
    "--name",
    "acme",
    "--meter",
    `gb=${DEMO.productCode}/gb_ingested/1000`,
    "--rule-set",
    "classic",
  ];
  expect(await run(init, env)).toMatchObject({ code: 0, stderr: "" });
  expect(await run(["init", "--name", "other"], env)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/another store/) as string,
  });
  expect(await run([...init.slice(0, 3), "--meter", `gb=${DEMO.productCode}/queries`], env)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/never changes/) as string,
  });
  expect(await run(bind, env)).toMatchObject({ code: 0 });
  const outbox = await openOutbox({ name: "acme", store: sqliteStore(path) });
  await outbox.record({ readingId: "1", tenant: "t-1", meter: "gb", quantity: 4200, at: "2026-11-10T10:10:00Z" });
  await outbox.close();
  // The hour should have been closed long ago, by this machine's clock.
  expect(await run(["status"], env)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/at risk[^]*waiting: 1 readings/) as string,
  });

  await moveTo(server, "2026-11-10T12:00:00Z");
  const dry = await run(["deliver", "--dry-run"], env);
  expect(dry).toMatchObject({ code: 0, stderr: "" });
  const body = {
    UsageRecords: [{ Dimension: "gb_ingested", Quantity: 4, CustomerIdentifier: "demoCustomer1" }],
    ProductCode: DEMO.productCode,
  };
  expect(JSON.parse(dry.stdout)).toMatchObject(body);
  expect(await recordsOf(server)).toEqual([]);
  expect(await run(["entries"], env)).toMatchObject({
    code: 0,
    stdout: expect.not.stringMatching(/demoCustomer1/) as string,
  });

  expect(await run(["deliver"], env)).toMatchObject({ code: 0, stdout: "2 calls: 1 delivered.\n" });
  expect(await recordsOf(server)).toMatchObject([{ quantity: 4 }]);
  expect(await run(["entries", "--state", "delivered", "--json"], env)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/"units": 4/) as string,
  });
  expect(await run(["explain", "t-1", "gb", "2026-11-10T10:00:00Z"], env)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/"end": "accepted"/) as string,
  });
  expect(await run(["verify"], env)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/1 entries, 0 problems/) as string,
  });
  expect(await run(["doubtful", "list"], env)).toMatchObject({ code: 0 });
  expect(await run(["doubtful", "resolve", "none", "delivered", "--reason", "x"], env)).toMatchObject({ code: 1 });
  expect(await run(["forget", "t-1"], env)).toMatchObject({ code: 0 });
  expect(await run(["restored"], env)).toMatchObject({ code: 0 });
});

test("a reading is recorded by a shell, and delivered to a service as `npm start` has it", async () => {
  const server = await marketOfTest({ now: "2026-11-10T10:30:00Z" });
  const env = {
    OUTBOX_STORE: `sqlite:${join(folderOfTest(), "usage.outbox")}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: DEMO.accessKeyId,
    AWS_SECRET_ACCESS_KEY: DEMO.secretAccessKey,
    AWS_ENDPOINT_URL_MARKETPLACE_METERING: server.endpoint,
  };
  const init = ["init", "--name", "acme", "--meter", `gb=${DEMO.productCode}/gb_ingested`];
  for (const [seconds, expected] of [
    ["soon", /holdOpenSeconds is NaN; expected a whole number from 300 to 14400/],
    ["60", /holdOpenSeconds is 60/],
  ] as const) {
    const { code, stderr } = await run([...init, "--rule-set", "classic", "--hold-open-seconds", seconds], env);
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
  }
  const short = [...init, "--rule-set", "classic", "--hold-open-seconds", "300"];
  expect(await run(short, env)).toMatchObject({ code: 0, stderr: "" });
  const bind = bindingFrom("2026-11-01T00Z");
  expect(await run(bind, env)).toMatchObject({ code: 0, stderr: "" });

  const at = "2026-11-10T09:10:00Z";
  const record = ["record", "r-1", "t-1", "gb", "12345678901234567.5", at];
  expect(await run([...record, "--tags", '{"team":"blue"}'], env)).toEqual({
    code: 0,
    stdout: "recorded\n",
    stderr: "",
  });
  expect(await run([...record, "--tags", '{"team":"blue"}'], env)).toMatchObject({ code: 0, stdout: "known\n" });
  const other = await run(["record", "r-1", "t-1", "gb", "4", at], env);
  expect(other).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^conflicting: .*12345678901234567\.5/) as string,
  });
  expect(
    await run(["record", "r-2", "t-1", "gb", "-12345678901234562", at, "--tags", '{"team":"blue"}'], env),
  ).toMatchObject({
    code: 0,
    stdout: "recorded\n",
  });
  expect(await run(["record", "r-3", "t-1", "gb", "many", at], env)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/^set-aside: The quantity "many"/) as string,
  });
  expect(await run(["record", "r-4", "t-1", "gb", "1", at, "--tags", "blue"], env)).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--tags is "blue"; expected JSON/) as string,
  });

  // The hour ended half an hour ago: with six hours to wait it would stay open, and then be too late for this service.
  expect(await run(["deliver"], env)).toMatchObject({ stdout: "2 calls: 1 delivered.\n" });
  expect(await recordsOf(server)).toMatchObject([{ quantity: 5 }]);
  for (const hour of ["2026-11-10T09Z", "2026-11-10T10:10+01:00", at]) {
    const { code, stdout } = await run(["explain", "t-1", "gb", hour], env);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/"end": "accepted"/)]);
  }
  for (const hour of ["2026-11-10T09", "2026-11-31T09Z", "2026-11-10"]) {
    const { code, stderr } = await run(["explain", "t-1", "gb", hour], env);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/no time with a zone; expected one such as/)]);
  }
});

test("usage that the service calls too old while this outbox thought it in time tells which rule set would be right", async () => {
  const server = await marketOfTest({ now: "2026-11-10T20:30:00Z" });
  // The demo serves by 6 hours; an outbox goes by AWS's 24 unless it is told.
  const { outbox } = await outboxOf(server.endpoint);
  await outbox.bind({ tenant: "t-1", ...FIRST, from: new Date("2026-11-01T00:00:00Z") });
  await outbox.record({ readingId: "1", tenant: "t-1", meter: "queries", quantity: 3, at: "2026-11-10T10:10:00Z" });
  expect(await outbox.deliverDue()).toMatchObject({ settled: { expired: 1 } });
  const [alarm] = (await outbox.status()).alarms;
  expect(alarm).toMatchObject({ kind: "expired" });
  expect(alarm?.message).toContain(
    "By this outbox's rule set (current) there was time until 2026-11-11T10:10:00.000Z.",
  );
  expect(alarm?.message).toContain('open the outbox with ruleSet: "classic"');
});

test("a file needs node:sqlite, and where Node has none, whoever opens one is told what to do", async () => {
  const path = join(folderOfTest(), "usage.outbox");
  const program = `import { sqliteStore } from "@countinghouse/outbox/sqlite"; await sqliteStore(${JSON.stringify(path)}).open("x", 0)`;
  for (const args of [
    [MAIN, "init", "--name", "x", "--store", `sqlite:${path}`],
    ["--input-type=module", "--eval", program],
  ]) {
    const child = spawnSync(process.execPath, [...NODE_FLAGS, "--no-experimental-sqlite", ...args], {
      encoding: "utf8",
    });
    expect(child.stderr).toMatch(/is a file, which needs node:sqlite; this is Node v\S+, without it\. Use Node 24/);
    expect(child.status).not.toBe(0);
  }
});

test("wrong use ends with 2, and a service or store that cannot be reached with 3", async () => {
  const folder = folderOfTest();
  const path = join(folder, "usage.outbox");
  const env = {
    OUTBOX_STORE: `sqlite:${path}`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "x",
    AWS_SECRET_ACCESS_KEY: "y",
  };
  await run(["init", "--name", "acme", "--meter", "gb=prod/gb"], env);
  const gone = { ...env, AWS_ENDPOINT_URL_MARKETPLACE_METERING: "http://127.0.0.1:1" };
  expect(await run(["deliver"], gone)).toMatchObject({
    code: 3,
    stderr: expect.stringMatching(/127\.0\.0\.1/) as string,
  });
  expect(await run(["status"], env)).toMatchObject({
    code: 1,
    stdout: expect.stringMatching(/service .*Nothing can be sent/) as string,
  });
  const listed = await run(["alarms", "list", "--json"], env);
  const [{ alarmId } = { alarmId: "" }] = JSON.parse(listed.stdout) as { alarmId: string }[];
  expect((await run(["alarms", "list"], env)).stdout).toContain(alarmId);
  expect(await run(["alarms", "acknowledge", alarmId], env)).toMatchObject({
    code: 0,
    stdout: "1 alarms are acknowledged.\n",
  });
  expect(await run(["status"], env)).toMatchObject({ code: 0, stdout: expect.stringMatching(/all is well/) as string });
  expect(await run(["alarms", "acknowledge", "--all"], env)).toMatchObject({
    code: 0,
    stdout: "0 alarms are acknowledged.\n",
  });
  for (const args of [
    ["nonsense"],
    ["status", "--store", "mysql://u:secret@h/d"],
    ["explain", "t", "gb", "yesterday"],
    ["entries", "--state", "lost"],
    ["alarms", "acknowledge"],
    ["alarms", "acknowledge", "nobody's"],
    ["alarms", "list", "--limit", "none"],
  ]) {
    const { code, stderr } = await run(args, env);
    expect([args, code]).toEqual([args, 2]);
    expect(stderr).not.toContain("secret");
  }
  const other = join(folder, "other");
  writeFileSync(other, "this is no database, and it is longer than a header of one would be, by far and away");
  expect(await run(["status", "--store", `sqlite:${other}`], env)).toMatchObject({ code: 2 });
  expect(await run(["init", "--name", "x", "--store", `sqlite:${join(folder, "no", "where")}`], env)).toMatchObject({
    code: 3,
  });
});
