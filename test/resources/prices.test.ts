/** What registered tasks cost when their product's hours get another price or another name while they run. */
import { RegisterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, test } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { add, moveClock } from "../support/operator-api.ts";
import { sessionOf } from "../support/resource-session.ts";
import { DEMO, type Served } from "../support/server.ts";

const CODE = "4abcdefghijklmnopqrstuvwx";
const BUYER = "666655554444";

async function rowsOf(server: Served): Promise<unknown> {
  const { body } = await server.operator("GET", "/reports/usage-by-instance-type?month=2026-03&format=json");
  const { rows } = body as { rows: { dimension: string; usageUnits: string; estimatedRevenue?: string }[] };
  return rows.map(({ dimension, usageUnits, estimatedRevenue }) => [dimension, usageUnits, estimatedRevenue]);
}

async function name(server: Served, ...dimensions: readonly object[]): Promise<void> {
  const { status, body } = await server.operator("PATCH", `/products/${CODE}`, { dimensions });
  expect(status, JSON.stringify(body)).toBe(200);
}

test("R3, Rule P3: a running task goes on under the dimension that it registered for, each hour at its own price", async () => {
  const server = await marketOfTest({ now: "2026-03-10T12:00:00Z" });
  const dimensions = [{ name: "running", kind: "hours", price: "0.36" }];
  const product = {
    productCode: CODE,
    title: "Acme Gateway",
    seller: DEMO.seller,
    type: "container",
    pricing: "hourly",
  };
  await add(server, "/accounts", { id: BUYER, users: [], roles: [{ name: "app" }] });
  await add(server, "/products", { ...product, dimensions });
  await add(server, "/agreements", {
    agreementId: "agmt-gateway",
    productCode: CODE,
    customerAccountId: BUYER,
    startsAt: "2020-01-01T00:00:00Z",
  });
  const externalId = `arn:aws:ecs:us-east-1:${BUYER}:task/one`;
  const startedAt = "2026-03-10T12:00:00Z";
  const task = await sessionOf(server, { platform: "ecs", externalId, accountId: BUYER, roleName: "app", startedAt });
  await task.client().send(new RegisterUsageCommand({ ProductCode: CODE, PublicKeyVersion: 1 }));

  await moveClock(server, { now: "2026-03-10T13:30:00Z" });
  expect(await rowsOf(server)).toEqual([["running", "1.5", "0.54"]]);
  await name(server, { name: "uptime", kind: "hours", price: "9" });
  expect(await rowsOf(server), "nothing of it is in the ledger yet").toEqual([["running", "1.5", "0.54"]]);
  await moveClock(server, { now: "2026-03-11T00:00:00Z" });
  expect(await rowsOf(server), "it runs on under the old name").toEqual([["running", "12", "4.32"]]);
  await name(server, { name: "running", kind: "hours", price: "3.6" });
  await moveClock(server, { now: "2026-03-11T02:00:00Z" });
  expect(await rowsOf(server)).toEqual([["running", "14", "8.28"]]);
});
