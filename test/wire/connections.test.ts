/** Connections as they come: slow, cut off, half closed, packed with requests, or not HTTP at all. All are survived. */
import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, describe, expect } from "vitest";
import { meteringRecords } from "../support/operator-api.ts";
import {
  bytesOf,
  exchange,
  jsonOf,
  send,
  signed,
  wireRequest,
  withHeaders,
  type RawRequest,
} from "../support/raw-client.ts";
import { DEMO, startServer, type RunningServer } from "../support/server.ts";
import { testNeeding } from "../support/wire-endpoint.ts";

const test = testNeeding({ ownServer: "it sets --request-timeout-seconds" });

/** What one read of the server's takes in at most. */
const READ_BYTES = 65_536;
const NOW_SECONDS = Math.floor(Date.now() / 1000);

let server: RunningServer;
let endpoint: string;

beforeAll(async () => {
  server = await startServer(["--store", "memory:", "--request-timeout-seconds", "1"]);
  endpoint = server.endpoint;
});

afterEach(async () => {
  expect((await fetch(`${endpoint}/healthz`)).status).toBe(200);
  expect((await fetch(`${endpoint}/readyz`)).status).toBe(200);
  expect(statusesOf(await exchange(endpoint, bytesOf(closing(request()))))).toEqual([200]);
});

afterAll(() => server.stop());

/** A request with one record, another one for each quantity; or with none. */
function request(quantity?: number, padding = 0): RawRequest {
  const Timestamp = NOW_SECONDS - (quantity ?? 0) * 3_600;
  const record = { Timestamp, CustomerIdentifier: "demoCustomer1", Dimension: "seats", Quantity: quantity };
  const UsageRecords = quantity === undefined ? [] : [record];
  const input = { ProductCode: DEMO.productCode, UsageRecords, Padding: "x".repeat(padding) };
  return signed(wireRequest(endpoint, "BatchMeterUsage", input));
}

const closing = (last: RawRequest): RawRequest => withHeaders(last, { connection: "close" });
const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));
const idsOf = (text: string): string[] => [...text.matchAll(/"MeteringRecordId":"([^"]+)"/g)].map(([, id]) => id ?? "");

/** A request up to its body. */
const head = (): string => bytesOf(request(1)).toString("latin1").replace(/\{.*/s, "");
/** A request with headers of its own, all of them signed. */
const resigned = (headers: RawRequest["headers"]): RawRequest =>
  closing(signed(withHeaders(wireRequest(endpoint, "BatchMeterUsage", { UsageRecords: [] }), headers)));
const extra = (count: number): RawRequest["headers"] =>
  Object.fromEntries(Array.from({ length: count }, (_, i) => [`x-extra-${i}`, "x"]));

describe("Rule L6: a client that is slow", () => {
  test.concurrent.for([
    ["in its headers", (): string => "POST / HTTP/1.1\r\nHo"],
    ["in its body", (): string => `${head()}{"UsageRe`],
    ["before its body", (): string => head()],
  ] as const)("%s is told so, and cut off", async ([, bytes]) => {
    expect(await exchange(endpoint, bytes())).toBe("HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n");
  });

  test.concurrent("in sending a body without end is cut off", async () => {
    const { hostname, port } = new URL(endpoint);
    const socket = connect(Number(port), hostname);
    const closed = new Promise((resolve) => socket.on("error", resolve).on("close", resolve));
    socket.write("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n");
    const piece = `10000\r\n${"x".repeat(65_536)}\r\n`;
    const flood = setInterval(() => socket.write(piece), 5);
    await closed;
    clearInterval(flood);
  });
});

describe("a client that ends its side once it has sent all", () => {
  test("is answered", async () => {
    const text = await exchange(endpoint, bytesOf(request()), "end");
    expect(statusesOf(text)).toEqual([200]);
  });

  test("is answered when request and end are taken in at once", async () => {
    const short = bytesOf(request(undefined, READ_BYTES / 2)).length;
    const filling = bytesOf(request(undefined, READ_BYTES + READ_BYTES / 2 - short));
    expect(filling).toHaveLength(READ_BYTES);
    server.process.kill("SIGSTOP");
    const answer = exchange(endpoint, filling, "end");
    await delay(100);
    server.process.kill("SIGCONT");
    expect(statusesOf(await answer)).toEqual([200]);
  });
});

describe("a client that goes away", () => {
  test.for(["end", "reset"] as const)("in the middle of its body (%s) has sent nothing", async (how) => {
    const before = await meteringRecords(server);
    const whole = bytesOf(request(2));
    for (const length of [40, whole.length - 20, whole.length - 1]) {
      const answer = await exchange(endpoint, whole.subarray(0, length), how);
      expect(answer).not.toContain("200 OK");
    }
    expect(await meteringRecords(server)).toEqual(before);
  });

  test("B1: before it has its answer can ask again, and its record is kept once", async () => {
    for (let i = 0; i < 10; i += 1) await exchange(endpoint, bytesOf(request(3)), "reset");
    const again = jsonOf(await send(endpoint, request(3)))["Results"];
    expect(again).toMatchObject([{ Status: "Success" }]);
    expect((await meteringRecords(server)).filter(({ quantity }) => quantity === 3)).toHaveLength(1);
  });
});

describe("requests that come packed on one connection", () => {
  test("B1: are answered one by one, in their order", async () => {
    const all = [request(4), request(5), request(4), request(5), closing(request(4))];
    const text = await exchange(endpoint, Buffer.concat(all.map(bytesOf)));
    expect(statusesOf(text)).toEqual([200, 200, 200, 200, 200]);
    const [four, five, ...again] = idsOf(text);
    expect(four).not.toBe(five);
    expect(again).toEqual([four, five, four]);
    const requestIds = [...text.matchAll(/x-amzn-RequestId: (\S+)/gi)].map(([, id]) => id);
    expect(new Set(requestIds).size).toBe(5);
  });

  test("B7: are answered after one that was too long, too", async () => {
    const all = [request(undefined, 1_100_000), closing(request())];
    expect(statusesOf(await exchange(endpoint, Buffer.concat(all.map(bytesOf))))).toEqual([413, 200]);
  });
});

describe("Rule L6: headers", () => {
  test.for([
    ["80 of them, all signed", 200, extra(80)],
    ["300 of them", 431, extra(300)],
    ["8 KiB in one", 200, { "x-long": "x".repeat(8_192) }],
    ["20 KB in one", 431, { "x-long": "x".repeat(20_000) }],
  ] as const)("%s: answered %d", async ([, status, headers]) => {
    expect(statusesOf(await exchange(endpoint, bytesOf(resigned(headers))))).toEqual([status]);
  });

  test("that are no UTF-8 harm nobody", async () => {
    const bytes = bytesOf(withHeaders(closing(request()), { "x-note": "HERE" })).toString("latin1");
    const latin1 = Buffer.from(bytes.replace("HERE", "\u00e9"), "latin1");
    expect(statusesOf(await exchange(endpoint, latin1))).toEqual([200]);
  });

  test("that ask whether to go on are told to", async () => {
    const bytes = bytesOf(withHeaders(closing(request()), { expect: "100-continue" }));
    expect(statusesOf(await exchange(endpoint, bytes))).toEqual([100, 200]);
  });

  test.for([
    ["two lengths", { "content-length": ["2", "20"] }],
    ["a length and pieces", { "content-length": "2", "transfer-encoding": "chunked" }],
    ["a length below nought", { "content-length": "-1" }],
  ] as const)("that say of a body %s are not HTTP", async ([, headers]) => {
    expect(statusesOf(await exchange(endpoint, bytesOf(withHeaders(request(), headers))))).toEqual([400]);
  });
});

test.for([
  ["a TLS greeting", Buffer.from("16030100f1010000ed0303", "hex")],
  ["nothing but line ends", "\r\n\r\n\r\n"],
  ["words", "hello there\r\n\r\n"],
  ["noughts", Buffer.alloc(1_000)],
] as const)("%s is no request", async ([, bytes]) => {
  expect(statusesOf(await exchange(endpoint, bytes, "end"))).not.toContain(200);
});
