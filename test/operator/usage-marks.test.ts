/** Marks of usage: of every way in which usage is metered and refused, and of nothing that strangers say. */
import { BatchMeterUsageCommand, MeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { expect, test } from "vitest";
import { marketOfTest } from "../support/demo-market.ts";
import { add } from "../support/operator-api.ts";
import { callOperator } from "../support/operator-call.ts";
import { sessionOf, type Session } from "../support/resource-session.ts";
import { DEMO, officialClient, type Served } from "../support/server.ts";

const NOW = "2026-04-10T09:30:00Z";
const RANGE = "grain=hour&from=2026-04-10T00:00:00Z&to=2026-04-11T00:00:00Z";
const FIRST = "444455556666";
const RUNNER = "555566667777";
const TASKS = "9abcdefghijklmnopqrstuvwx";
const at = (time: string): Date => new Date(`2026-04-10T${time}:00Z`);

async function marks(server: Served, query = ""): Promise<unknown> {
  const { status, json, text } = await callOperator(server, "GET", `/usage/marks?${RANGE}${query}`);
  expect(status, text).toBe(200);
  return (json as { items: unknown }).items;
}

test("usage that resources meter of themselves is marked where it was refused, or came again otherwise; dry runs are no usage", async () => {
  const server = await marketOfTest({ now: NOW });
  await add(server, "/accounts", { id: RUNNER, roles: [{ name: "app" }] });
  const product = { productCode: TASKS, title: "Tasks", seller: DEMO.seller, type: "container", pricing: "usage" };
  await add(server, "/products", { ...product, dimensions: [{ name: "calls" }] });
  const agreed = { productCode: TASKS, customerAccountId: RUNNER, startsAt: "2020-01-01T00:00:00Z" };
  await add(server, "/agreements", { agreementId: "agmt-runner", ...agreed });
  const sessions: Session[] = [];
  for (const n of ["1", "2"]) {
    const externalId = `arn:aws:ecs:us-east-1:${RUNNER}:task/cluster/${n.padStart(32, "0")}`;
    sessions.push(await sessionOf(server, { platform: "ecs", externalId, accountId: RUNNER, roleName: "app" }));
  }
  const meter = async (n: number, time: string, UsageQuantity: number, DryRun = false): Promise<string> => {
    const client = sessions[n]?.client();
    const usage = { ProductCode: TASKS, UsageDimension: "calls", UsageQuantity, Timestamp: at(time), DryRun };
    const answer = await client?.send(new MeterUsageCommand(usage)).then(
      () => "metered",
      (error: unknown) => (error as Error).name,
    );
    client?.destroy();
    return answer ?? "";
  };
  expect(await meter(0, "09:10", 5)).toBe("metered");
  expect(await meter(0, "09:15", 5)).toBe("metered");
  expect(await meter(0, "09:20", 6)).toBe("DuplicateRequestException");
  expect(await meter(0, "02:10", 1)).toBe("TimestampOutOfBoundsException");
  expect(await meter(0, "02:20", 1, true)).toBe("TimestampOutOfBoundsException");
  expect(await meter(0, "01:20", 1, true)).toBe("TimestampOutOfBoundsException");
  const of = { product: TASKS, customer: RUNNER, dimension: "calls" };
  const expected = [
    { ...of, hour: "2026-04-10T02:00:00Z", refused: 1 },
    { ...of, hour: "2026-04-10T09:00:00Z", duplicates: 1 },
  ];
  expect(await marks(server)).toEqual(expected);
  expect(await marks(server, `&productCode=${TASKS}`)).toEqual(expected);
  expect(await marks(server, `&productCode=${DEMO.productCode}`)).toEqual([]);
  // What another task meters does not stand for what this one could not.
  await callOperator(server, "PUT", "/clock", { body: { now: "2026-04-10T09:31:00Z" } });
  expect(await meter(1, "09:10", 9)).toBe("metered");
  expect(await marks(server)).toEqual(expected);
});

test("a refused batch whose records name licences is marked when its product is asked for", async () => {
  const server = await marketOfTest({ now: NOW });
  const client = officialClient(server.endpoint);
  const LicenseArn = "arn:aws:license-manager::294406891311:license:l-00000000000000000000000000000001";
  const record = { CustomerAWSAccountId: FIRST, LicenseArn, Dimension: "gb_ingested", Quantity: 1 };
  const UsageRecords = [{ ...record, Timestamp: at("02:10") }];
  await expect(client.send(new BatchMeterUsageCommand({ UsageRecords }))).rejects.toThrow();
  client.destroy();
  const expected = [
    {
      product: DEMO.productCode,
      customer: FIRST,
      dimension: "gb_ingested",
      hour: "2026-04-10T02:00:00Z",
      refused: 1,
    },
  ];
  expect(await marks(server)).toEqual(expected);
  expect(await marks(server, `&productCode=${DEMO.productCode}`)).toEqual(expected);
  expect(await marks(server, "&productCode=1abcdefghijklmnopqrstuvwx")).toEqual([]);
});

test("another seller who names this one's product and customers marks nothing of theirs", async () => {
  const server = await marketOfTest({ now: NOW });
  await add(server, "/accounts", { id: "999988887777", users: [{ name: "stranger" }] });
  const { json } = await callOperator(server, "POST", "/accounts/999988887777/access-keys", { body: {} });
  const stranger = officialClient(server.endpoint, json as typeof DEMO);
  const record = { CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 1 };
  const UsageRecords = [{ ...record, Timestamp: at("09:10") }];
  const send = stranger.send(new BatchMeterUsageCommand({ ProductCode: DEMO.productCode, UsageRecords }));
  await expect(send).rejects.toThrow();
  stranger.destroy();
  expect(await marks(server)).toEqual([]);
  expect(await marks(server, `&productCode=${DEMO.productCode}`)).toEqual([]);
});
