/**
 * Servers of this version and of one before on the same ledger: the real programs of both, over PostgreSQL at the same time, in
 * a data folder one after the other. What one keeps and the other does not know must not be lost.
 */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { describe, expect, onTestFinished, test } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import { mainOfVersion, whyNotVersion } from "../support/older-version.ts";
import { newDatabase, nodeArgs, whyNoPostgres } from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";
import { DEMO, officialClient, spawnServer, startServer, type RunningServer } from "../support/server.ts";

const OLDER = "d37f4ab";

async function start(args: readonly string[], main?: string): Promise<RunningServer> {
  const server = await startServer(args, {}, main);
  onTestFinished(() => server.kill());
  return server;
}

/** Starts it, waits until it ends, and answers its exit code and what it said. */
async function refused(args: readonly string[], main?: string): Promise<{ code: number | null; stderr: string }> {
  const child = spawnServer(["--port", "0", ...args], {}, main);
  onTestFinished(() => void child.kill("SIGKILL"));
  let stderr = "";
  child.stderr.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, stderr };
}

let sent = 0;

/** A record of its own for each call; answers its id, or the error's name. */
async function meter(server: RunningServer): Promise<string> {
  const client = officialClient(server.endpoint);
  sent += 1;
  const CustomerIdentifier = DEMO.customers[sent % DEMO.customers.length];
  const Dimension = DEMO.dimensions[sent % DEMO.dimensions.length];
  const UsageRecords = [{ Timestamp: new Date(), CustomerIdentifier, Dimension, Quantity: 1 }];
  try {
    const { Results } = await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
    return Results?.[0]?.MeteringRecordId ?? "";
  } catch (error) {
    return (error as Error).name;
  } finally {
    client.destroy();
  }
}

describe.skipIf(whyNotVersion(OLDER) !== undefined)(`beside a server of version ${OLDER}`, () => {
  test.skipIf(whyNoPostgres() !== undefined)(
    "in PostgreSQL: the newer one waits until the older is gone, and then the older is refused",
    async () => {
      const main = mainOfVersion(OLDER);
      const database = await newDatabase();
      onTestFinished(() => database.remove());
      const args = nodeArgs(database.url, newFolder());
      const older = await start(args, main);
      const first = await meter(older);

      const early = await refused(args);
      expect(early.code).toBe(1);
      expect(early.stderr).toMatch(/Servers that know the ledger's schema up to version 4 only are connected/);
      expect(await meter(older)).toMatch(/^[0-9a-f-]{36}$/);
      expect(await older.stop()).toBe(0);

      const newer = await start(args);
      expect((await meteringRecords(newer)).map(({ meteringRecordId }) => meteringRecordId)).toContain(first);
      const late = await refused(args, main);
      expect(late.code).toBe(1);
      expect(late.stderr).toMatch(/The ledger has schema version \d+; this server knows versions up to 4\./);
      expect(await meter(newer)).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test.skipIf(whyNoPostgres() !== undefined)(
    "in PostgreSQL: an older one that was cut off during the migration, and comes back, keeps nothing",
    async () => {
      const main = mainOfVersion(OLDER);
      const database = await newDatabase();
      onTestFinished(() => database.remove());
      const args = nodeArgs(database.url, newFolder());
      const older = await start(args, main);
      await meter(older);
      older.process.kill("SIGSTOP");
      await database.query(
        `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE 'countinghouse %'`,
      );
      const newer = await start(args);
      older.process.kill("SIGCONT");
      const count = async (): Promise<unknown> => database.query("SELECT count(*) FROM countinghouse.entry");
      const before = await count();
      expect(await meter(older)).toBe("InternalServiceErrorException");
      expect(await count()).toEqual(before);
      const patched = await older.operator("PATCH", `/products/${DEMO.productCode}`, { title: "Lost?" });
      expect(patched.status).toBeGreaterThanOrEqual(500);
      expect(await count()).toEqual(before);
      expect(await meter(newer)).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test("in a data folder: the newer one goes on with it, and then the older is refused", async () => {
    const main = mainOfVersion(OLDER);
    const args = ["--store", `sqlite:${newFolder()}/data`];
    const older = await start(args, main);
    const first = await meter(older);
    expect(await older.stop()).toBe(0);
    const newer = await start(args);
    expect((await meteringRecords(newer)).map(({ meteringRecordId }) => meteringRecordId)).toEqual([first]);
    await newer.stop();
    const late = await refused(args, main);
    expect(late.code).toBe(1);
    expect(late.stderr).toMatch(/The ledger has schema version \d+; this server knows versions up to 3\./);
  });
});
