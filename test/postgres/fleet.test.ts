/** Servers of one ledger that were told different things, or have different clocks. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { beforeEach, describe, expect, onTestFinished } from "vitest";
import { configOf } from "../../packages/server/src/config.ts";
import { look, moveClockTo } from "../../packages/server/testing/contract/works.ts";
import { openLedger, type OpenedLedger } from "../../packages/server/src/open-ledger.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import { SCHEMA_VERSION } from "../../packages/server/src/stores/postgres/migrations.ts";
import { realWorld, type World } from "../../packages/server/src/world.ts";
import { newDatabase, nodeArgs, testOfPostgres, type TestDatabase } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type RunningServer } from "../support/server.ts";
import { wrongClock } from "../support/wrong-clock.ts";

const test = testOfPostgres();
const HOUR_MS = 3_600_000;

let database: TestDatabase;
let args: readonly string[];

beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
  args = nodeArgs(database.url, newFolder());
});

describe("a server whose clock is not the database's", () => {
  test.each([
    ["ahead of", 20 * 60_000],
    ["behind", -20 * 60_000],
  ])("is refused where it is 20 minutes %s it, and the others start as ever", async (direction, byMs) => {
    const { code, stderr } = await refused(args, wrongClock(byMs));
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(`this server's clock says \\S+Z and is 1[12]\\d\\d s ${direction} the database's`),
    );
    const right = await start(args);
    expect(await meterNow(right)).toBe("Success");
    await right.kill();
    expect(await meterNow(await start(args))).toBe("Success");
  });

  test("may be some seconds apart, and a lab's clock is its own", async () => {
    const apart = await start(args, wrongClock(3_000));
    expect(await meterNow(apart)).toBe("Success");
    const other = await newDatabase();
    onTestFinished(() => other.remove());
    const lab = [...nodeArgs(other.url, newFolder()), "--clock", "offset:2026-03-15T10:00:00Z"];
    const { status } = await (await start(lab)).operator("GET", "/clock");
    expect(status).toBe(200);
  });
});

describe("what the servers of one ledger have to be told alike", () => {
  test.each([
    [["--rules", "current"], "--rules classic; this one was told --rules current"],
    [["--quotas", "aws"], "--quotas off; this one was told --quotas aws"],
    [["--clock", "offset:2030-01-01T00:00:00Z"], "--clock system; this one was told --clock offset"],
  ])("%s: who differs from the first is refused, and the first goes on", async (flags, reason) => {
    const first = await start(args);
    const { code, stderr } = await refused([...args, ...flags], {});
    expect([code, stderr]).toEqual([2, expect.stringContaining(`run with ${reason}`)]);
    expect(await meterNow(first)).toBe("Success");
    expect(await meterNow(await start(args))).toBe("Success");
  });

  test("two first starts at once that differ: one is refused", async () => {
    const tries = [[], ["--rules", "current"]].map((flags) =>
      start([...args, ...flags]).then(
        () => "ready",
        (error: Error) => error.message,
      ),
    );
    const outcomes = await Promise.all(tries);
    expect(outcomes.filter((outcome) => outcome === "ready")).toHaveLength(1);
    expect(outcomes.find((outcome) => outcome !== "ready")).toMatch(/The servers of this ledger run with --rules/);
  });

  test("who finds, once its start goes on, that another has set them meanwhile is refused", async () => {
    const ahead = await openAt(database.url, { mode: "offset" });
    await ahead.ledger.transact(moveClockTo(Date.now() + 30 * HOUR_MS));
    await ahead.ledger.transact(look(() => undefined));
    await ahead.ledger.close();
    await database.query("UPDATE countinghouse.state SET clock = NULL");
    let others: Promise<void> | undefined;
    // What it has read says nothing of what others set before its first commit.
    const schedule = (run: () => void): void => {
      others ??= openNode("classic", realWorld).then(({ ledger }) => ledger.close());
      void others.then(run);
    };
    const late = await openNode("current", { ...realWorld, schedule }).then(
      ({ ledger }) => ledger.close().then(() => "ready"),
      (error: Error) => error.message,
    );
    expect(late).toContain("run with --rules classic; this one was told --rules current");
  });

  test("they are shown, and changed by a command while no server runs, which is in the trail", async () => {
    const first = await start(args);
    expect(JSON.parse((await settings("--json")).stdout)).toEqual({ rules: "classic", clock: "system", quotas: "off" });
    expect(await settings("--rules", "current")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("Servers are connected to the ledger"),
    });
    await first.stop();
    expect(await settings("--rules", "next")).toMatchObject({ code: 2, stderr: expect.stringContaining("got next") });
    const changed = await settings("--rules", "current", "--quotas", "aws", "--json");
    expect(JSON.parse(changed.stdout)).toEqual({ rules: "current", clock: "system", quotas: "aws" });
    expect((await refused(args, {})).stderr).toContain("run with --rules current, --quotas aws;");
    const next = await start([...args, "--rules", "current", "--quotas", "aws"]);
    expect(await meterNow(next, 10 * HOUR_MS)).toBe("Success");
    const [event] = await auditEvents(next, "ChangeSettings");
    expect(event).toMatchObject({
      serviceEventDetails: {
        event: "catalogue-changed",
        changes: [{ kind: "settings", value: { rules: "current", clock: "system", quotas: "aws" } }],
      },
    });
  });

  test("a reset keeps them", async () => {
    const lab = [...args, "--clock", "manual:2026-03-15T10:00:00Z"];
    const first = await start(lab);
    expect((await first.operator("POST", "/reset")).status).toBe(204);
    expect((await refused(args, {})).stderr).toContain("run with --clock manual;");
  });
});

test("a ledger that was made beforehand, and on which no server has been, agrees with itself", async () => {
  expect(await runCommand(["store", "migrate", "--store", database.url])).toMatchObject({ code: 0 });
  expect(await runCommand(["store", "verify", "--json", "--store", database.url])).toMatchObject({
    code: 0,
    stderr: "",
  });
});

test("settings are looked at, and changed, of a ledger that is there: none is made, and none is brought up to date", async () => {
  const schemas = "SELECT 1 FROM pg_namespace WHERE nspname = 'countinghouse'";
  const none = "countinghouse: The database cannot be used: There is no ledger in it.\n";
  expect(await settings()).toMatchObject({ code: 1, stderr: none });
  expect(await settings("--rules", "current")).toMatchObject({ code: 1, stderr: none });
  expect(await database.query(schemas)).toEqual([]);

  expect(await runCommand(["store", "migrate", "--store", database.url])).toMatchObject({ code: 0 });
  expect(await settings()).toMatchObject({ code: 1, stderr: expect.stringContaining("has no settings yet") });
  await database.query(`DELETE FROM countinghouse.schema_version WHERE version = ${SCHEMA_VERSION}`);
  const older = `Its schema has version ${SCHEMA_VERSION - 1}, not ${SCHEMA_VERSION}: a server of this version, or store migrate, brings it there.`;
  expect(await settings()).toMatchObject({ code: 1, stderr: expect.stringContaining(older) });
  await database.query(`INSERT INTO countinghouse.schema_version VALUES (${SCHEMA_VERSION + 1})`);
  expect(await settings()).toMatchObject({ code: 1, stderr: expect.stringContaining("by a newer server") });
});

test("a ledger whose newest entry is ahead is gone on with where that is accepted: usage of now is taken", async () => {
  const lab = await start([...args, "--clock", `offset:${new Date(Date.now() + 30 * HOUR_MS).toISOString()}`]);
  await lab.stop();
  const system = await runCommand(["store", "settings", "--store", database.url, "--clock", "system"]);
  expect(system.code, system.stderr).toBe(0);
  const { code, stderr } = await refused(args, {});
  expect([code, stderr]).toEqual([1, expect.stringContaining("--accept-newest-entry-ahead")]);
  const server = await start([...args, "--accept-newest-entry-ahead"]);
  expect(await meterNow(server)).toBe("Success");
  const [event] = await auditEvents(server, "AcceptNewestEntryAhead");
  expect(event).toMatchObject({ serviceEventDetails: { flag: "accept-newest-entry-ahead" } });
  expect(await runCommand(["store", "verify", "--store", database.url])).toMatchObject({ code: 0 });
});

test("two catalogue files that name one object: the server whose file has lost says which, until that is settled", async () => {
  const folder = newFolder();
  const file = (title: string): string => {
    const path = join(folder, `${title}.yaml`);
    writeFileSync(
      path,
      `accounts:\n  - { id: "999900001111", title: ${title} }\n  - { id: "999900002222", title: Same }\n`,
    );
    return path;
  };
  const first = await start([...args, "--catalog", file("first")]);
  const second = await start([...args, "--catalog", file("second")]);
  await expect.poll(() => readiness(first), { timeout: 30_000 }).toMatch(/^200 ready\n.*: account 999900001111\n$/);
  expect(await readiness(second)).toBe("200 ready\n");
  expect(first.output()).toContain("999900001111");
  expect(await metric(first)).toBe("1");
  await second.kill();
  await first.kill();
  const settled = await start([...args, "--catalog", file("second")]);
  expect(await readiness(settled)).toBe("200 ready\n");
});

/** A server that has been started so far that it has its ledger, whose newest entry may be ahead. */
function openNode(rules: string, world: World): Promise<OpenedLedger> {
  const [, store = "", , secretsKeyFile = "", , operatorToken = ""] = args;
  const others = { host: "127.0.0.1", port: "0", quotas: "off", clock: "system", acceptNewestEntryAhead: true };
  const bounds = { freeSpaceMinMib: "0", requestTimeoutSeconds: "30", queuedRequestsMax: "100" };
  const config = configOf({ ...others, ...bounds, store, secretsKeyFile, operatorToken, rules });
  return openLedger(config, world, {});
}

async function readiness({ endpoint }: RunningServer): Promise<string> {
  const response = await fetch(`${endpoint}/readyz`);
  return `${response.status} ${await response.text()}`;
}

async function metric({ endpoint }: RunningServer): Promise<string | undefined> {
  const text = await (await fetch(`${endpoint}/metrics`)).text();
  return /^countinghouse_catalogue_objects_set_otherwise (\d+)$/m.exec(text)?.[1];
}

function settings(...flags: readonly string[]) {
  return runCommand(["store", "settings", "--store", database.url, ...flags]);
}

function refused(flags: readonly string[], env: Readonly<Record<string, string>>) {
  return runCommand(["serve", "--port", "0", ...flags], env);
}

async function meterNow({ endpoint }: RunningServer, ageMs = 0): Promise<string | undefined> {
  const client = officialClient(endpoint);
  try {
    const { Results } = await client.send(
      new BatchMeterUsageCommand({
        ProductCode: DEMO.productCode,
        UsageRecords: [
          {
            Timestamp: new Date(Date.now() - ageMs),
            CustomerIdentifier: "demoCustomer1",
            Dimension: "gb_ingested",
            Quantity: 3,
          },
        ],
      }),
    );
    return Results?.[0]?.Status;
  } finally {
    client.destroy();
  }
}

async function auditEvents(server: RunningServer, eventName: string): Promise<readonly unknown[]> {
  const { body } = await server.operator("GET", `/audit-events?eventName=${eventName}`);
  return (body as { readonly items: readonly unknown[] }).items;
}
