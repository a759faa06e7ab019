/** Rule Q1: an answer for which there is no room is of a request that was done, so it says that it may have been. */
import { connect, type Socket } from "node:net";
import { afterAll, beforeAll, expect, onTestFinished } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { meteringRecords } from "../support/operator-api.ts";
import { jsonOf, send, signed, wireRequest } from "../support/raw-client.ts";
import { DEMO } from "../support/server.ts";
import { until } from "../support/until.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "its room for one network is used up" });

/** Up to this a body needs no room of its own. */
const SMALL_BYTES_MAX = 65_536;
/** What one network may hold, less than what any large answer takes. */
const HELD_BYTES = 64 * 1_048_576 - 30_000;
const BODY_BYTES = 1_040_000;

let server: DemoMarket;

beforeAll(async () => {
  server = await demoMarket();
});

afterAll(() => server.stop());

/** Bodies that are begun, and not ended. */
async function useUpRoom(): Promise<() => Promise<void>> {
  const { hostname, port } = new URL(server.endpoint);
  const sockets: Socket[] = [];
  for (let left = HELD_BYTES; left > 0; left -= BODY_BYTES) {
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    socket.write(`POST / HTTP/1.1\r\nHost: x\r\nContent-Length: ${BODY_BYTES + 1}\r\n\r\n`);
    socket.write(Buffer.alloc(Math.min(left, BODY_BYTES)));
    sockets.push(socket);
  }
  onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
  await until(async () => (await heldBytes()) >= HELD_BYTES);
  return async () => {
    for (const socket of sockets) socket.destroy();
    await until(async () => (await heldBytes()) < SMALL_BYTES_MAX);
  };
}

async function heldBytes(): Promise<number> {
  const text = await (await fetch(`${server.endpoint}/metrics`)).text();
  return Number(/^countinghouse_held_bytes (\S+)$/m.exec(text)?.[1]);
}

test("it is an error of the service; the same again, once there is room, is a replay", async () => {
  const UsageAllocations = Array.from({ length: 6 }, (_, i) => ({
    AllocatedUsageQuantity: 1,
    Tags: [{ Key: String(i).repeat(90), Value: "v".repeat(256) }],
  }));
  const [CustomerIdentifier] = DEMO.customers;
  const used = { Timestamp: Math.floor(Date.now() / 1_000), CustomerIdentifier, Dimension: "seats", Quantity: 6 };
  const UsageRecords = Array.from({ length: 25 }, () => ({ ...used, UsageAllocations }));
  const request = signed(
    wireRequest(server.endpoint, "BatchMeterUsage", { ProductCode: DEMO.productCode, UsageRecords }),
  );
  expect(Buffer.byteLength(request.body)).toBeLessThanOrEqual(SMALL_BYTES_MAX);
  const letGo = await useUpRoom();
  const answer = await send(server.endpoint, request);
  expect([answer.status, jsonOf(answer)["__type"]]).toEqual([500, "InternalServiceErrorException"]);
  const [kept] = await meteringRecords(server, { dimension: "seats" });
  const requestId = String(answer.headers["x-amzn-requestid"]);
  const { body } = await server.operator("GET", `/requests/${requestId}/explanation`);
  expect(body).toMatchObject({ event: "usage-metered" });
  await letGo();
  const again = await send(server.endpoint, request);
  expect(again.text.length).toBeGreaterThan(SMALL_BYTES_MAX);
  expect(jsonOf(again)["Results"]).toMatchObject(
    UsageRecords.map(() => ({ Status: "Success", MeteringRecordId: kept?.meteringRecordId })),
  );
});
