/** The statement of agreements: whose usage is whose, where a customer has several agreements, and units that change. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, test } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { add, moveClock } from "../support/operator-api.ts";
import { callOperator } from "../support/operator-call.ts";
import { DEMO, officialClient, type Served } from "../support/server.ts";

const FIRST = "444455556666";

async function meter(server: Served, at: string, quantity: number): Promise<void> {
  const client = officialClient(server.endpoint);
  const record = { CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: quantity };
  const UsageRecords = [{ ...record, Timestamp: new Date(at) }];
  const { Results } = await client.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  expect(Results).toMatchObject([{ Status: "Success" }]);
  client.destroy();
}

async function statement(server: Served): Promise<unknown> {
  const { json } = await callOperator(server, "GET", "/reports/agreement-statement?month=2026-04&format=json");
  const { rows } = json as { rows: Readonly<Record<string, string>>[] };
  return rows
    .filter(({ customerAccountId, usageUnits }) => customerAccountId === FIRST && usageUnits !== undefined)
    .map((row) => [row["agreementId"], row["usageUnits"], row["usageUnitType"], row["estimatedRevenue"]]);
}

test("usage is of the agreement that had begun last and still held, not of one that had ended", async () => {
  const server = await marketOfTest({ now: "2026-04-10T06:30:00Z" });
  const trial = { agreementId: "agmt-trial", productCode: DEMO.productCode, customerAccountId: FIRST };
  const times = { startsAt: "2026-04-10T07:00:00Z", endsAt: "2026-04-10T09:00:00Z" };
  await add(server, "/agreements", { ...trial, customerIdentifier: "demoCustomer1", ...times });
  await meter(server, "2026-04-10T06:10:00Z", 1);
  await moveClock(server, { now: "2026-04-10T11:30:00Z" });
  await meter(server, "2026-04-10T07:10:00Z", 20);
  await meter(server, "2026-04-10T08:59:00Z", 300);
  await meter(server, "2026-04-10T09:00:00Z", 4_000);
  await meter(server, "2026-04-10T11:10:00Z", 50_000);
  expect(await statement(server)).toEqual([
    ["agmt-demo1", "54001", "GB", "13500.25"],
    ["agmt-trial", "320", "GB", "80"],
  ]);
});

test("what was counted in two units is two rows", async () => {
  const server = await marketOfTest({ now: "2026-04-10T06:30:00Z" });
  await meter(server, "2026-04-10T06:10:00Z", 5);
  const dimensions = [{ name: "gb_ingested", unit: "MB", price: "0.00025" }];
  const { status } = await callOperator(server, "PATCH", `/products/${DEMO.productCode}`, { body: { dimensions } });
  expect(status).toBe(200);
  await moveClock(server, { now: "2026-04-10T07:30:00Z" });
  await meter(server, "2026-04-10T07:10:00Z", 7_000);
  expect(await statement(server)).toEqual([
    ["agmt-demo1", "5", "GB", "1.25"],
    ["agmt-demo1", "7000", "MB", "1.75"],
  ]);
});
