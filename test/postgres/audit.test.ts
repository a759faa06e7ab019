/** The audit trail of two servers on one database: checkpoints of each, verification by either, retention. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { beforeEach, expect, onTestFinished } from "vitest";
import { meteringRecords, moveClock } from "../support/operator-api.ts";
import {
  newDatabase,
  nodeArgs,
  OPERATOR_TOKEN,
  testOfPostgres,
  type TestDatabase,
} from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type RunningServer } from "../support/server.ts";

const test = testOfPostgres();

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
  folder = newFolder();
});

const fileOf = (name: string): string => join(folder, `${name}.jsonl`);

function startNode(name: string, ...more: readonly string[]): Promise<RunningServer> {
  const clock = ["--clock", "manual:2026-01-01T00:00:00Z"];
  return start([...nodeArgs(database.url, folder), ...clock, "--checkpoint-file", fileOf(name), ...more]);
}

async function meter({ endpoint }: RunningServer, dimension: string, at = "2026-01-01T00:00:00Z"): Promise<void> {
  const client = officialClient(endpoint);
  const record = { Timestamp: new Date(at), CustomerIdentifier: "demoCustomer1", Dimension: dimension, Quantity: 1 };
  await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] }));
  client.destroy();
}

const verify = ({ operatorUrl }: RunningServer): ReturnType<typeof runCommand> =>
  runCommand(["audit", "verify", "--operator-url", operatorUrl, "--operator-token", OPERATOR_TOKEN]);

const INTACT = { code: 0, stdout: expect.stringMatching(/The audit trail is intact\.\n$/) as string };

test("S7: checkpoints of each server list all lanes, and hold for either, over a kill and a reset", async () => {
  const [one, other] = [await startNode("one"), await startNode("other")];
  await meter(one, "seats");
  await meter(other, "queries");
  await moveClock(one, { advanceSeconds: 3_600 });
  const newest = readFileSync(fileOf("one"), "utf8").trimEnd().split("\n").at(-1) ?? "";
  const { lanes } = JSON.parse(newest) as { lanes: { lane: string; seq: number }[] };
  const kept = await database.query("SELECT number, seq FROM countinghouse.lane WHERE seq > 0 ORDER BY number");
  expect(lanes.length).toBeGreaterThan(1);
  expect(lanes.map(({ lane }) => lane)).toEqual(kept.map(({ number }) => String(number)));
  expect(await verify(one)).toMatchObject(INTACT);
  expect(await verify(other)).toMatchObject(INTACT);

  await other.kill();
  const again = await startNode("other");
  await one.operator("POST", "/reset");
  await meter(again, "seats");
  expect(await verify(one)).toMatchObject(INTACT);
  expect(await verify(again)).toMatchObject(INTACT);

  // What somebody takes away together with every trace in the database, the checkpoints know.
  await again.stop();
  await one.stop();
  await database.query("DELETE FROM countinghouse.entry; UPDATE countinghouse.lane SET seq = 0, base_seq = 0");
  const after = await startNode("one");
  expect(await verify(after)).toMatchObject({ code: 1, stderr: expect.stringMatching(/Lane \d+: /) as string });
});

test("S7: calls and records older than the retention go, whichever server does it", async () => {
  const [one, other] = [
    await startNode("one", "--retention-days", "90"),
    await startNode("other", "--retention-days", "90"),
  ];
  await meter(one, "seats");
  await meter(other, "queries");
  expect(await meteringRecords(one)).toHaveLength(2);
  await moveClock(other, { now: "2026-06-01T00:00:00Z" });
  expect(await meteringRecords(one)).toEqual([]);
  await meter(one, "seats", "2026-06-01T00:00:00Z");
  expect(await meteringRecords(other)).toHaveLength(1);
  expect(await verify(one)).toMatchObject(INTACT);
  expect(await verify(other)).toMatchObject(INTACT);
  const { body } = await one.operator("GET", "/audit-events");
  expect((body as { keptSince?: string }).keptSince).toBe("2026-06-01T00:00:00.000Z");
});
