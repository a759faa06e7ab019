/** The activity over HTTP: every kept call and change, to whoever reads along. */
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { operatorClient, OperatorProblemError } from "../../packages/server/src/operator/client/index.ts";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { EventSource } from "../support/event-source.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { DEMO, officialClient, startServer } from "../support/server.ts";
import { until } from "../support/until.ts";

let server: DemoMarket;
let sources: EventSource[] = [];
beforeAll(async () => {
  server = await demoMarket();
});
afterAll(() => server.stop());
afterEach(async () => {
  for (const source of sources) source.close();
  sources = [];
  await until(async () => (await readers()) === 0);
});

async function readers(of = server): Promise<number> {
  return ((await of.operator("GET", "/server")).body as { readonly activityReaders: number }).activityReaders;
}

async function open(asked: Parameters<typeof EventSource.open>[1] = {}): Promise<EventSource> {
  const source = await EventSource.open(server, asked);
  sources.push(source);
  return source;
}

/** A change that is kept; answers its request's id. */
async function change(): Promise<string> {
  const answer = await callOperator(server, "POST", "/registration-tokens", { body: { agreementId: "agmt-demo1" } });
  expect(answer.status, answer.text).toBe(201);
  return answer.headers.get("x-request-id") ?? "";
}

async function changes(count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let i = 0; i < count; i += 1) ids.push(await change());
  return ids;
}

test("a call is told as it is kept: an audit event, with what came of it and why", async () => {
  const source = await open();
  expect(source.status).toBe(200);
  expect(source.headers).toMatchObject({
    "content-type": "text/event-stream",
    "cache-control": "no-store",
    "x-accel-buffering": "no",
  });
  const client = officialClient(server.endpoint);
  const record = { Timestamp: new Date(), CustomerIdentifier: DEMO.customers[0], Dimension: "seats" };
  const meter = (...quantities: number[]): Promise<unknown> =>
    client.send(
      new BatchMeterUsageCommand({
        ProductCode: DEMO.productCode,
        UsageRecords: quantities.map((Quantity) => ({ ...record, Quantity })),
      }),
    );
  await meter(5);
  await meter(6);
  await client
    .send(new BatchMeterUsageCommand({ ProductCode: "nothing", UsageRecords: [{ ...record, Quantity: 1 }] }))
    .catch(() => undefined);
  client.destroy();
  await until(() => source.events.length === 3);
  const [kept, duplicate, refused] = source.events.map(({ data }) => data);
  expect(kept).toMatchObject({
    eventName: "BatchMeterUsage",
    productCode: DEMO.productCode,
    outcome: "ok",
    records: { accepted: 1 },
    recipientAccountId: DEMO.seller,
  });
  expect(kept).not.toHaveProperty("reason");
  expect(duplicate).toMatchObject({ outcome: "partly", records: { duplicate: 1 } });
  expect(duplicate?.["reason"]).toBe(
    "The usage record was not accepted: 1 of a key under which other usage stands (Rule K3).",
  );
  expect(refused).toMatchObject({ outcome: "refused", errorCode: "InvalidProductCodeException" });
  expect(refused?.["reason"]).toMatch(/^Refused by Rule [A-Z]\d+: InvalidProductCodeException: .+\.$/);
  // What is told is what the trail has.
  const { json } = await callOperator(server, "GET", "/audit-events?limit=3&order=newest");
  const trail = (json as { items: object[] }).items.toReversed();
  expect(source.events.map(({ data }) => data)).toEqual(trail.map((event) => expect.objectContaining(event) as object));
});

test("each reader is told what it asks for", async () => {
  const [all, tokens, refused, others] = await Promise.all([
    open(),
    open({ query: "?operation=IssueRegistrationToken" }),
    open({ query: "?outcome=refused" }),
    open({ query: `?accountId=${DEMO.seller}&productCode=nothing` }),
  ]);
  const [made] = await changes(1);
  await callOperator(server, "POST", "/agreements/agmt-none/cancel", { body: {} });
  await all.heard([made as string]);
  await until(() => all.events.length === 2);
  await until(() => refused.events.length === 1);
  expect(tokens.requestIds).toEqual([made]);
  expect(refused.events[0]?.data).toMatchObject({ eventName: "CancelAgreement", errorCode: "not-found" });
  expect(others.events).toEqual([]);
});

test("whoever comes back is told what was kept meanwhile, and then what is kept from there on", async () => {
  const first = await open();
  const before = await changes(3);
  await first.heard(before);
  const seen = first.events[0]?.id as string;
  first.close();
  const meanwhile = await changes(70);
  const second = await open({ lastEventId: seen });
  const after = await changes(2);
  await second.heard([...meanwhile, ...after]);
  expect(second.requestIds).toEqual([...before.slice(1), ...meanwhile, ...after]);
  expect(second.gaps).toEqual([]);
});

test("an id that says no more than time and request is good as well", async () => {
  const first = await open();
  const [one, two] = await changes(2);
  await first.heard([two as string]);
  const id = first.events[0]?.id?.split("/").slice(0, 2).join("/");
  const second = await open({ lastEventId: id as string });
  await second.heard([two as string]);
  expect(second.requestIds.filter((told) => told !== one)).toEqual([two]);
});

test("whoever comes back after a reset is told that it has missed some, and what there is now", async () => {
  const first = await open();
  await first.heard(await changes(2));
  const seen = first.lastId as string;
  await callOperator(server, "POST", "/reset", { body: {} });
  const made = await changes(3);
  await until(() => first.gaps.length > 0);
  await first.heard(made);
  expect(first.gaps[0]?.data).toMatchObject({ from: seen, reason: expect.stringContaining("emptied") as string });
  const second = await open({ lastEventId: seen });
  await second.heard(made);
  expect(second.gaps).toEqual([
    {
      id: undefined,
      kind: "gap",
      data: { from: seen, reason: expect.stringContaining("is not in the ledger") as string },
    },
  ]);
});

describe("bounds", () => {
  test("one hundred read at once; the next is refused until one has gone", async () => {
    const hundred = await Promise.all(Array.from({ length: 100 }, () => open()));
    expect(hundred.map(({ status }) => status)).toEqual(hundred.map(() => 200));
    const refused = await callOperator(server, "GET", "/activity");
    expectProblem(refused, 503, /^100 readers are as many as there can be/);
    expect(refused.headers.get("retry-after")).toBe("5");
    const made = await changes(1);
    await Promise.all(hundred.map((reader) => reader.heard(made)));
    hundred[0]?.close();
    await until(async () => {
      const next = await open();
      return next.status === 200;
    });
  });

  test("whoever asks for the headers only, or leaves at once, is no reader", async () => {
    const headers = { authorization: `Bearer ${server.operatorToken}` };
    for (let i = 0; i < 120; i += 1) {
      const response = await fetch(`${server.operatorUrl}/activity`, { method: "HEAD", headers });
      expect(response.status).toBe(200);
    }
    for (let i = 0; i < 120; i += 1) {
      const controller = new AbortController();
      const call = fetch(`${server.operatorUrl}/activity`, { headers, signal: controller.signal });
      if (i % 2 === 0) await call;
      controller.abort();
      await call.catch(() => undefined);
    }
    await until(async () => (await readers()) === 0);
  });

  test("a server that stops does not wait for readers", async () => {
    const other = await startServer(["--store", "memory:"]);
    const reader = await EventSource.open(other);
    expect(await other.stop()).toBe(0);
    await until(() => reader.isEnded);
  });
});

describe("bad input", () => {
  test.each([
    ["no id at all", "yesterday"],
    ["one that is too long", `1/${"0".repeat(36)}/${"a:1,".repeat(3_000)}`],
    ["a time that is none", "x/01a228a5-7b55-772b-b8de-171b0eecccff"],
    ["the id of a metering record", "1/01a228a5-7b55-772b-b8de-171b0eeccc00"],
    ["a header that would be two", "1/01a228a5-7b55-772b-b8de-171b0eecccff/embedded:1,"],
    ["an offset below zero", "1/01a228a5-7b55-772b-b8de-171b0eecccff/embedded:-1"],
    ["a place in another's chain", "1/01a228a5-7b55-772b-b8de-171b0eecccff/../../etc:1"],
  ])("Last-Event-ID with %s", async (_what, id) => {
    const answer = await callOperator(server, "GET", "/activity", { headers: { "last-event-id": id } });
    expectProblem(answer, 400, /^The header Last-Event-ID holds no id of an event/);
    expect(answer.text).not.toContain(id.slice(0, 30));
  });

  test("an id from ahead of everything, or of lanes that are not there, is told that it is not known, and reads on", async () => {
    const made = "01a228a5-7b55-772b-b8de-171b0eecccff";
    for (const id of [`9007199254740991/${made}/embedded:999999999`, `-1/${made}/zzz:5,embedded:0`, `0/${made}`]) {
      const reader = await open({ lastEventId: id });
      const ids = await changes(1);
      await reader.heard(ids);
      expect(reader.gaps).toHaveLength(1);
    }
  });

  test("a place that is further than the chain has come is where it has come", async () => {
    const first = await open();
    await first.heard(await changes(1));
    const second = await open({ lastEventId: (first.lastId as string).replace(/\d+$/, "999999") });
    const made = await changes(1);
    await second.heard(made);
    expect(second.requestIds).toEqual(made);
  });

  test.each([
    [
      "?operaton=MeterUsage",
      "unknown query member operaton; this route reads accessKeyId, accountId, operation, outcome, productCode",
    ],
    ["?outcome=good", 'outcome: Invalid option: expected one of "ok"|"partly"|"refused"'],
    [`?operation=${"x".repeat(200)}`, "operation: Too big: expected string to have <=128 characters"],
    ["?outcome=ok&outcome=ok", "outcome: is there 2 times; it is read once"],
  ])("%s", async (query, complaint) => {
    const answer = await callOperator(server, "GET", `/activity${query}`);
    expectProblem(answer, 422, /does not fit its schema/, [complaint]);
  });
});

describe("the client", () => {
  test("follows, and ends by its signal", async () => {
    const controller = new AbortController();
    const client = operatorClient({ endpoint: server.endpoint, token: server.operatorToken });
    const told: unknown[] = [];
    const ended = (async () => {
      for await (const event of client.events("GET /activity", { signal: controller.signal })) {
        if (event.kind === "message") told.push(event.data.requestID);
      }
    })();
    await until(async () => (await readers()) === 1);
    const made = await changes(2);
    await until(() => told.length === 2);
    expect(told).toEqual(made);
    controller.abort();
    await ended;
  });

  test("says what the server refuses, and gives up where there is none", async () => {
    const client = operatorClient({ endpoint: server.endpoint, token: "another-token-altogether" });
    await expect(client.events("GET /activity").next()).rejects.toBeInstanceOf(OperatorProblemError);
    const other = await demoMarket();
    const known = operatorClient({ endpoint: other.endpoint, token: other.operatorToken });
    await other.stop();
    await expect(known.events("GET /activity", { retriesMax: 1 }).next()).rejects.toMatchObject({
      name: "OperatorConnectionError",
    });
  });
});
