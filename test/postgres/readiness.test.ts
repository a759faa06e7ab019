/** `/readyz` of a server over PostgreSQL says so when nothing can be committed, and when something can again. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { Client } from "pg";
import { beforeEach, describe, expect, onTestFinished } from "vitest";
import { add } from "../support/operator-api.ts";
import { newDatabase, nodeArgs, testOfPostgres, type TestDatabase } from "../support/postgres/database.ts";
import { newFolder, start } from "../support/scoped.ts";
import { DEMO, officialClient, type RunningServer } from "../support/server.ts";

const test = testOfPostgres();

let database: TestDatabase;
let server: RunningServer;

beforeEach(async () => {
  database = await newDatabase();
  onTestFinished(() => database.remove());
  server = await start(nodeArgs(database.url, newFolder()));
  expect(await meter()).toBe("Success");
});

/** Somebody else at the database. */
async function admin(): Promise<Client> {
  const client = new Client({ connectionString: database.url });
  await client.connect();
  onTestFinished(() => client.end());
  return client;
}

describe("a server that can commit nothing is not ready, and is again, without traffic, once it can:", () => {
  test.each(["entry", "metering_record", "lane"])("a lock on the table %s", async (table) => {
    const other = await admin();
    await other.query(`BEGIN; LOCK TABLE countinghouse.${table} IN ACCESS EXCLUSIVE MODE`);
    expect(await meter()).toBe("InternalServiceErrorException");
    await expect
      .poll(readiness, { timeout: 30_000 })
      .toMatch(/^503 not ready: nothing could be committed for \d+ seconds/);
    await other.query("ROLLBACK");
    await expect.poll(readiness, { timeout: 30_000 }).toBe("200 ready\n");
    expect(await meter()).toBe("Success");
  });

  test("a database that has become read-only", async () => {
    const other = await admin();
    const name = new URL(database.url).pathname.slice(1);
    await other.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
    await other.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()",
    );
    expect(await meter()).toBe("InternalServiceErrorException");
    await expect.poll(readiness, { timeout: 30_000 }).toMatch(/^503 not ready: .*read-only/);
    await other.query("SET default_transaction_read_only = off");
    await other.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
    await expect.poll(readiness, { timeout: 30_000 }).toBe("200 ready\n");
  });
});

test("where only the usage of one product cannot be committed, the server stays ready and says which", async () => {
  const productCode = "stuckstuckstuckstuckstuck";
  const dimensions = [{ name: "gb_ingested" }];
  await add(server, "/products", {
    productCode,
    title: "S",
    seller: DEMO.seller,
    type: "saas",
    pricing: "usage",
    dimensions,
  });
  const agreement = { agreementId: "agmt-stuck", productCode, customerAccountId: "444455556666" };
  await add(server, "/agreements", {
    ...agreement,
    customerIdentifier: "demoCustomer1",
    startsAt: "2020-01-01T00:00:00Z",
  });
  const other = await admin();
  await other.query(`CREATE FUNCTION countinghouse.refuse() RETURNS trigger LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION 'no room on this shard'; END $$`);
  await other.query(`CREATE TRIGGER refuse BEFORE INSERT ON countinghouse.entry FOR EACH ROW
    WHEN (NEW.product = '${productCode}') EXECUTE FUNCTION countinghouse.refuse()`);
  expect(await meter(productCode)).toBe("InternalServiceErrorException");
  expect(await meter()).toBe("Success");
  expect(await readiness()).toMatch(
    new RegExp(`^200 ready\nusage of ${productCode} could not be committed: .*no room on this shard`),
  );
  expect(await (await fetch(`${server.endpoint}/metrics`)).text()).toContain("countinghouse_stuck_products 1\n");
  await other.query("DROP TRIGGER refuse ON countinghouse.entry");
  expect(await meter(productCode)).toBe("Success");
  expect(await readiness()).toBe("200 ready\n");
});

async function readiness(): Promise<string> {
  const response = await fetch(`${server.endpoint}/readyz`);
  return `${response.status} ${await response.text()}`;
}

let quantity = 0;

async function meter(productCode: string = DEMO.productCode): Promise<string | undefined> {
  const client = officialClient(server.endpoint);
  quantity += 1;
  // A new key each time: what is sent again would be a replay.
  const Timestamp = new Date(Date.now() - (quantity % 5) * 3_600_000);
  const record = { Timestamp, CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 3 };
  try {
    const input = { ProductCode: productCode, UsageRecords: [record] };
    const { Results } = await client.send(new BatchMeterUsageCommand(input));
    return Results?.[0]?.Status;
  } catch (error) {
    return (error as Error).name;
  } finally {
    client.destroy();
  }
}
