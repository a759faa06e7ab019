/** A backup by PostgreSQL's own tools, put back: a ledger like any other, and older than what was noted since. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, onTestFinished, test as anyTest } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import { binariesFolder } from "../support/postgres/binaries.ts";
import {
  newDatabase,
  nodeArgs,
  OPERATOR_TOKEN,
  whyNoPostgres,
  type TestDatabase,
} from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, runCommand, type RunningServer } from "../support/server.ts";

const reason = whyNoPostgres() ?? (existsSync(tool("pg_dump")) ? undefined : "there is no pg_dump");
if (reason !== undefined) process.stdout.write(`skipped: backups of PostgreSQL: ${reason}\n`);
const test = reason === undefined ? anyTest : anyTest.skip;

const NOW = "2026-07-20T12:30:00.000Z";

test("a restored ledger serves, with the same ids and whole chains; audit verify tells what it lacks", async () => {
  const folder = newFolder();
  const [first, second] = [await database(), await database()];
  const flags = ["--clock", `manual:${NOW}`, "--checkpoint-file", join(folder, "checkpoints.jsonl")];
  const server = await start([...nodeArgs(first.url, folder), ...flags]);
  const before = await meter(server, "seats");
  // Beside the server, while it runs.
  const dump = join(folder, "ledger.dump");
  execFileSync(tool("pg_dump"), ["--format=custom", "--schema=countinghouse", "--file", dump, first.url]);
  const listed = await meteringRecords(server);
  const later = await meter(server, "queries");
  expect(await audit(server)).toMatchObject({ code: 0 });
  await server.stop();

  execFileSync(tool("pg_restore"), ["--no-owner", "--exit-on-error", "--dbname", second.url, dump]);
  expect(await runCommand(["store", "verify", "--store", second.url])).toMatchObject({ code: 0 });
  // With the checkpoints of after the backup: entries are missing, and it says so.
  const restored = await start([...nodeArgs(second.url, folder), ...flags]);
  expect(await meteringRecords(restored)).toEqual(listed);
  expect(await meter(restored, "seats")).toBe(before);
  expect(await audit(restored)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/the checkpoint of .* knows of/) as string,
  });
  // What came after the backup is sent again, and kept anew.
  expect(await meter(restored, "queries")).not.toBe(later);
  await restored.stop();
  const fresh = ["--clock", "manual", "--checkpoint-file", join(folder, "fresh.jsonl")];
  expect(await audit(await start([...nodeArgs(second.url, folder), ...fresh]))).toMatchObject({ code: 0 });
});

async function database(): Promise<TestDatabase> {
  const made = await newDatabase();
  onTestFinished(() => made.remove());
  return made;
}

function tool(name: string): string {
  return join(binariesFolder(), name);
}

async function meter({ endpoint }: RunningServer, Dimension: string): Promise<string | undefined> {
  const client = officialClient(endpoint);
  try {
    const record = { Timestamp: new Date(NOW), CustomerIdentifier: "demoCustomer1", Dimension, Quantity: 1 };
    const command = new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords: [record] });
    return (await client.send(command)).Results?.[0]?.MeteringRecordId;
  } finally {
    client.destroy();
  }
}

const audit = ({ operatorUrl }: RunningServer): ReturnType<typeof runCommand> =>
  runCommand(["audit", "verify", "--operator-url", operatorUrl, "--operator-token", OPERATOR_TOKEN]);
