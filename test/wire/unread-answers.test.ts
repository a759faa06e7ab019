/** Answers that nobody reads are given up; those that are read slowly arrive; and one is under way on a connection at a time. */
import { connect, type Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { trailService } from "@countinghouse/protocol";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { bytesOf, exchange, send, signed, wireRequest, withHeaders } from "../support/raw-client.ts";
import { DEMO, startServer, type RunningServer } from "../support/server.ts";
import { until } from "../support/until.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it sets --request-timeout-seconds and --network-connections-max" });

const PLACES = 8;
/** Each shows one call of nearly a megabyte, which fills a page of the trail: usage that is taken is kept whole. */
const LOOK_UPS = 16;

let server: RunningServer;

beforeAll(async () => {
  const flags = ["--request-timeout-seconds", "2", "--network-connections-max", String(PLACES)];
  server = await startServer(["--store", "memory:", ...flags]);
  const UsageAllocations = Array.from({ length: 2_500 }, (_, i) => ({
    AllocatedUsageQuantity: 1,
    Tags: [
      { Key: "k", Value: "v".repeat(250) },
      { Key: "n", Value: String(i) },
    ],
  }));
  const [CustomerIdentifier] = DEMO.customers;
  const used = { Timestamp: Math.floor(Date.now() / 1_000), CustomerIdentifier, Dimension: "seats", Quantity: 2_500 };
  const input = { ProductCode: DEMO.productCode, UsageRecords: [{ ...used, UsageAllocations }] };
  const answer = await send(server.endpoint, signed(wireRequest(server.endpoint, "BatchMeterUsage", input)));
  expect(answer.status, answer.text.slice(0, 200)).toBe(200);
});

afterAll(() => server.stop());

const LARGE_EVENTS = [{ AttributeKey: "ResourceName", AttributeValue: DEMO.productCode }];
const lookUp = (): Buffer =>
  bytesOf(
    signed(wireRequest(server.endpoint, "LookupEvents", { LookupAttributes: LARGE_EVENTS }, trailService), {
      service: trailService.signingName,
    }),
  );

function open(bytes: Buffer): { readonly socket: Socket; readonly closed: Promise<unknown> } {
  const { hostname, port } = new URL(server.endpoint);
  const socket = connect(Number(port), hostname, () => socket.write(bytes));
  socket.on("error", () => undefined);
  return { socket, closed: new Promise((resolve) => socket.on("close", resolve)) };
}

/** Asked over a connection of its own: one that is kept alive is among those that lose their places here. */
const metrics = (): Promise<string> =>
  exchange(server.endpoint, "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

async function metric(name: string): Promise<number> {
  const text = await metrics();
  return Number(new RegExp(`^countinghouse_${name} (\\S+)$`, "m").exec(text)?.[1]);
}

describe("an answer", { timeout: 60_000 }, () => {
  test("of which nothing is read is given up, and what was held for it is let go", async () => {
    const before = await metric("abandoned_answers_total");
    const { socket, closed } = open(Buffer.concat(Array.from({ length: LOOK_UPS }, lookUp)));
    socket.pause();
    await until(async () => (await metric("held_bytes")) > 65_536);
    await until(async () => (await metric("abandoned_answers_total")) === before + 1);
    expect(await metric("held_bytes")).toBeLessThan(65_536);
    socket.resume();
    await closed;
  });

  test("that is read slowly, but without a stop, arrives, and so do those behind it", async () => {
    const last = withHeaders(signed(wireRequest(server.endpoint, "BatchMeterUsage", {})), { connection: "close" });
    const { socket, closed } = open(Buffer.concat([...Array.from({ length: LOOK_UPS }, lookUp), bytesOf(last)]));
    let text = "";
    socket.on("data", (chunk: Buffer) => {
      text += chunk.toString("latin1");
      socket.pause();
      setTimeout(() => socket.resume(), chunk.length / 3_000);
    });
    await closed;
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toHaveLength(LOOK_UPS + 1);
    expect(text.length).toBeGreaterThan(LOOK_UPS * 800_000);
  });
});

const answers = (text: string): number => text.match(/HTTP\/1\.1 200/g)?.length ?? 0;

describe("requests behind another one", () => {
  const health = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
  const last = "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

  test("up to 192 wait, and are answered", async () => {
    expect(answers(await exchange(server.endpoint, health.repeat(192) + last))).toBe(193);
  });

  test("that are signed are answered, however many are packed into one write", async () => {
    const get = signed(wireRequest(server.endpoint, "LookupEvents", { MaxResults: 0 }, trailService), {
      service: trailService.signingName,
    });
    const all = [...Array<Buffer>(600).fill(bytesOf(get)), bytesOf(withHeaders(get, { connection: "close" }))];
    const text = await exchange(server.endpoint, Buffer.concat(all));
    expect(text.match(/HTTP\/1\.1 400/g)).toHaveLength(601);
  });

  test("that are more, packed in one write, end the connection", async () => {
    const before = await metric("abandoned_answers_total");
    const text = await exchange(server.endpoint, health.repeat(2_000));
    expect(answers(text)).toBeLessThanOrEqual(193);
    expect(await metric("abandoned_answers_total")).toBe(before + 1);
  });

  test("that name no host are refused in their turn, end the connection, and are bounded as all others are", async () => {
    const before = await metric("abandoned_answers_total");
    const nameless = "GET /healthz HTTP/1.1\r\n\r\n";
    const text = await exchange(server.endpoint, health + nameless + health);
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    expect(await metric("abandoned_answers_total")).toBe(before);
    await exchange(server.endpoint, nameless.repeat(2_000));
    expect(await metric("abandoned_answers_total")).toBe(before + 1);
    expect(await exchange(server.endpoint, "GET /healthz HTTP/1.0\r\n\r\n")).toContain("HTTP/1.1 200");
  });

  test("that name two hosts are refused in their turn, and end the connection: which of them counts is not for us to say", async () => {
    for (const second of ["Host: x", "host: y", "HOST:"]) {
      const twice = `GET /healthz HTTP/1.1\r\nHost: x\r\n${second}\r\n\r\n`;
      const text = await exchange(server.endpoint, health + twice + health);
      expect(text.match(/HTTP\/1\.1 \d{3}/g), second).toEqual(["HTTP/1.1 200", "HTTP/1.1 400"]);
    }
    const old = "GET /healthz HTTP/1.0\r\nHost: x\r\nHost: x\r\n\r\n";
    expect(await exchange(server.endpoint, old)).toContain("HTTP/1.1 400");
  });

  test("that are any number are all answered, where no more than 192 wait at a time", async () => {
    const { socket, closed } = open(Buffer.from(""));
    let text = "";
    socket.on("data", (chunk: Buffer) => (text += chunk.toString()));
    for (let sent = 0; sent < 640; sent += 64) {
      socket.write(health.repeat(64));
      await until(() => answers(text) >= sent);
    }
    socket.write(last);
    await closed;
    expect(answers(text)).toBe(641);
  });

  test("a request is not begun while the answer before it has not left", async () => {
    const seen = "BatchMeterUsage";
    const requestsOf = async (): Promise<number> => {
      const text = await metrics();
      return Number(new RegExp(`requests_total\\{operation="${seen}",code="ok"\\} (\\d+)`).exec(text)?.[1] ?? 0);
    };
    const before = await requestsOf();
    const meter = bytesOf(
      signed(wireRequest(server.endpoint, seen, { ProductCode: DEMO.productCode, UsageRecords: [] })),
    );
    const { socket, closed } = open(Buffer.concat([...Array.from({ length: LOOK_UPS }, lookUp), meter]));
    socket.pause();
    await until(async () => (await metric("held_bytes")) > 65_536);
    expect(await requestsOf()).toBe(before);
    socket.resume();
    await until(async () => (await requestsOf()) === before + 1);
    socket.destroy();
    await closed;
  });
});

describe("connections of one address", () => {
  test("beyond its share take the places of those that have waited longest for their client", async () => {
    const silent = Array.from({ length: PLACES + 4 }, () => open(Buffer.from("GET /healthz HTTP/1.1\r\nHo")));
    await Promise.all(silent.slice(0, 4).map(({ closed }) => closed));
    expect(await metric("connections")).toBeLessThanOrEqual(PLACES);
    for (const { socket } of silent) socket.destroy();
  });

  test("that are all being worked for keep their places: a newcomer is turned away", async () => {
    const fault = { operation: "BatchMeterUsage", kind: "delay", delayMs: 3_000, count: PLACES };
    expect((await server.operator("POST", "/faults", fault)).status).toBe(201);
    const before = await metric("refused_connections_total");
    const request = withHeaders(
      signed(wireRequest(server.endpoint, "BatchMeterUsage", { ProductCode: DEMO.productCode, UsageRecords: [] })),
      { connection: "close" },
    );
    // The places of connections that are kept alive are taken first.
    const texts = Promise.all(Array.from({ length: PLACES }, () => exchange(server.endpoint, bytesOf(request))));
    await delay(500);
    const refused = await exchange(server.endpoint, health());
    expect(refused).toBe("");
    expect((await texts).map((text) => text.slice(0, 12))).toEqual(Array(PLACES).fill("HTTP/1.1 200"));
    expect(await metric("refused_connections_total")).toBeGreaterThan(before);
  });
});

const health = (): string => "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

describe("what a request expects before it sends its body", () => {
  test("is answered in its turn", async () => {
    const first = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
    const waiting = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{}";
    const text = await exchange(server.endpoint, first + waiting + health());
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 100", "HTTP/1.1 403", "HTTP/1.1 200"]);
  });

  test.each(["/", "/operator/v1/accounts"])("is refused where its body is larger than any may be: %s", async (path) => {
    const huge = `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n`;
    const text = await exchange(server.endpoint, huge);
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 413"]);
    expect(text).toMatch(/^connection: close\r$/im);
  });

  test("and is not known here, is refused in its turn", async () => {
    const unknown = "GET /healthz HTTP/1.1\r\nHost: x\r\nExpect: wonders\r\n\r\n";
    const text = await exchange(server.endpoint, health().replace("Connection: close\r\n", "") + unknown + health());
    expect(text.match(/HTTP\/1\.1 \d{3}/g)).toEqual(["HTTP/1.1 200", "HTTP/1.1 417", "HTTP/1.1 200"]);
  });
});
