/** `countinghouse/operator`: the operator API for programs, against a running server. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { BatchMeterUsageCommand } from "@aws-sdk/client-marketplace-metering";
import {
  OperatorConnectionError,
  OperatorProblemError,
  operatorClient,
  type Account,
  type OperatorClient,
} from "countinghouse/operator";
import { afterAll, beforeAll, describe, expect, expectTypeOf, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { listen } from "../support/listener.ts";
import { DEMO, officialClient } from "../support/server.ts";

let server: DemoMarket;
let operator: OperatorClient;
beforeAll(async () => {
  server = await demoMarket();
  operator = operatorClient({ endpoint: server.endpoint, token: server.operatorToken });
  for (let i = 0; i < 5; i += 1) {
    await operator.call("POST /accounts", { body: { id: `88880000000${i}`, users: [{ name: "u" }] } });
  }
});
afterAll(() => server.stop());

describe("a call", () => {
  test("answers what the route answers, typed by the contract", async () => {
    const account = await operator.call("GET /accounts/{id}", { params: { id: "888800000000" } });
    expect(account).toEqual({ id: "888800000000", users: [{ name: "u", accessKeyIds: [] }], roles: [] });
    expectTypeOf(account).toEqualTypeOf<Account>();
    const clock = await operator.call("GET /clock");
    expectTypeOf(clock.mode).toEqualTypeOf<"system" | "manual" | "offset">();
  });

  test("may leave out a body that the route can do without, and is undefined where nothing is answered", async () => {
    const key = await operator.call("POST /accounts/{id}/access-keys", { params: { id: "888800000000" } });
    expect(key).toMatchObject({ accountId: "888800000000", userName: "u" });
    const params = { id: "888800000000", keyId: key.accessKeyId };
    expect(await operator.call("DELETE /accounts/{id}/access-keys/{keyId}", { params })).toBeUndefined();
  });

  test("writes the members of a path as they are, whatever they hold", async () => {
    const id = "a/b ?#%";
    const missing = operator.call("GET /agreements/{id}", { params: { id } });
    await expect(missing).rejects.toMatchObject({ status: 404, detail: `No agreement ${id}.` });
  });

  test("leaves out members of the query that are undefined, and writes the others", async () => {
    const page = await operator.call("GET /accounts", { query: { cursor: undefined, limit: 2 } });
    expect(page.items).toHaveLength(2);
    expect(page.nextCursor).toMatch(/^1\./);
  });

  test("ends early where its signal says so", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(operator.call("GET /clock", { signal })).rejects.toThrow("enough");
  });
});

/** Never called: that none of these compiles is what is tested, by the compiler. */
async function misuses(): Promise<void> {
  // @ts-expect-error -- the path has a member
  await operator.call("GET /accounts/{id}");
  // @ts-expect-error -- there is no such member of the path
  await operator.call("GET /accounts/{id}", { params: { accountId: "1" } });
  // @ts-expect-error -- the query has no such member
  await operator.call("GET /metering-records", { query: { product: "p" } });
  // @ts-expect-error -- the body has no such member
  await operator.call("POST /registration-tokens", { body: { agreement: "a" } });
  // @ts-expect-error -- the route reads no body
  await operator.call("GET /clock", { body: {} });
  // @ts-expect-error -- there is no such route
  await operator.call("GET /accouts");
  // @ts-expect-error -- the route answers no list
  await operator.first("GET /clock", 1);
  // @ts-expect-error -- the route has no comma-separated values
  await operator.csv("GET /clock");
}

test("what a route does not read or answer does not compile", () => {
  expectTypeOf(misuses).returns.resolves.toBeVoid();
});

async function accountIds(pageSize: number): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of operator.items("GET /accounts", { query: { limit: pageSize } })) found.push(id);
  return found;
}

describe("a list", () => {
  test("comes whole, whatever the size of its pages", async () => {
    const all = await accountIds(1_000);
    expect(all.length).toBeGreaterThan(6);
    for (const pageSize of [1, 2, all.length, all.length + 1]) expect(await accountIds(pageSize)).toEqual(all);
  });

  test("comes as far as it is asked for, and says whether there is more", async () => {
    const all = await accountIds(1_000);
    const { items, more } = await operator.first("GET /accounts", all.length - 1);
    expect([items.map(({ id }) => id), more]).toEqual([all.slice(0, -1), true]);
    expect(await operator.first("GET /accounts", all.length)).toMatchObject({ more: false });
    expect(await operator.first("GET /metering-records", 5, { query: { productCode: "none" } })).toEqual({
      items: [],
      more: false,
    });
  });
});

test("a report comes as comma-separated values, or as JSON", async () => {
  const request = { query: { month: "2026-03" } };
  const { text, keptSince } = await operator.csv("GET /reports/usage-by-instance-type", request);
  expect(text).toMatch(/^Customer/);
  expect(keptSince).toBeUndefined();
  const report = await operator.call("GET /reports/usage-by-instance-type", request);
  expect(report).toMatchObject({ month: "2026-03", rows: [] });
});

function caught(call: Promise<unknown>): Promise<unknown> {
  return call.catch((error: unknown) => error);
}

describe("what fails", () => {
  test("is a problem, with its members and the call's id, where the server refuses", async () => {
    const error = await caught(operator.call("POST /accounts", { body: { id: "1", title: "" } }));
    expect(error).toBeInstanceOf(OperatorProblemError);
    const { status, detail, errors, message, requestId } = error as OperatorProblemError;
    expect({ status, detail }).toEqual({ status: 422, detail: "The request does not fit its schema." });
    expect(errors).toEqual([expect.stringMatching(/^id: /), expect.stringMatching(/^title: /)]);
    expect(message).toBe([detail, ...errors.map((line) => `  ${line}`)].join("\n"));
    expect(requestId).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("is a problem without a call's id where the token is wrong, and never repeats it", async () => {
    const stranger = operatorClient({ endpoint: server.endpoint, token: "a-wrong-token-of-mine" });
    const error = (await caught(stranger.call("GET /clock"))) as OperatorProblemError;
    expect(error).toMatchObject({ name: "OperatorProblemError", status: 401, requestId: undefined });
    expect(error.message).not.toContain("a-wrong-token-of-mine");
  });

  test("is a matter of the connection where nothing answers, or something else does", async () => {
    const other = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await new Promise((resolve) => other.once("listening", resolve));
    const endpoint = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const elsewhere = operatorClient({ endpoint, token: "t" });
    const answered = await caught(elsewhere.call("GET /clock"));
    expect(answered).toBeInstanceOf(OperatorConnectionError);
    expect((answered as Error).message).toMatch(/is not an operator API/);
    await new Promise((resolve) => other.close(resolve));
    const refused = (await caught(elsewhere.call("GET /clock"))) as OperatorConnectionError;
    expect(refused.message).toMatch(/cannot be reached: .*ECONNREFUSED/);
    expect(refused.cause).toBeInstanceOf(Error);
  });

  test.each([
    ["is no JSON", 200, "application/json", "{"],
    ["is no problem", 502, "application/json", "<html>"],
  ])("is a matter of the connection where what answers %s", async (_what, status, type, body) => {
    const { url } = await listen(() => ({ status, headers: { "content-type": type }, body }));
    const elsewhere = operatorClient({ endpoint: url, token: "t" });
    const error = (await caught(elsewhere.call("GET /clock"))) as OperatorConnectionError;
    expect(error).toBeInstanceOf(OperatorConnectionError);
    expect(error.message).toMatch(/is not an operator API/);
  });

  test.each([[{}], [[]], [null], [{ items: "none" }]])(
    "is a matter of the connection where a list is %j",
    async (body) => {
      const json = JSON.stringify(body);
      const { url } = await listen(() => ({ headers: { "content-type": "application/json" }, body: json }));
      const elsewhere = operatorClient({ endpoint: url, token: "t" });
      expect(await caught(elsewhere.first("GET /accounts", 1))).toBeInstanceOf(OperatorConnectionError);
      expect(await caught(elsewhere.items("GET /accounts").next())).toBeInstanceOf(OperatorConnectionError);
    },
  );

  test.each([
    [null, "The server answered 503.", []],
    ["not now", "The server answered 503.", []],
    [{ detail: 5, errors: "many" }, "The server answered 503.", []],
    [{ detail: "", errors: [1] }, "The server answered 503.", ["1"]],
    ["", "The server answered 503.", []],
  ])("is a problem, as far as one can be read, of something between: %j", async (body, detail, errors) => {
    const json = body === "" ? "" : JSON.stringify(body);
    const { url } = await listen(() => ({ status: 503, headers: { "content-type": "application/json" }, body: json }));
    const error = await caught(operatorClient({ endpoint: url, token: "t" }).call("GET /clock"));
    expect(error).toMatchObject({ name: "OperatorProblemError", status: 503, detail, errors });
  });

  test("is a matter of the connection where it is led elsewhere: a change is not made into a look", async () => {
    const there = await listen(() => ({ headers: { "content-type": "application/json" }, body: { items: [] } }));
    const { url } = await listen(() => ({ status: 302, headers: { location: `${there.url}/operator/v1/accounts` } }));
    const call = operatorClient({ endpoint: url, token: "t" }).call("POST /accounts", { body: { id: "888800000009" } });
    const error = (await caught(call)) as OperatorConnectionError;
    expect(error).toBeInstanceOf(OperatorConnectionError);
    expect(error.message).toMatch(/leads elsewhere \(302\)/);
    expect(there.heard).toEqual([]);
  });

  test.each([
    [{ endpoint: "http://anna:secret@host", token: "t" }, "endpoint must not hold a name or a password"],
    [
      { endpoint: "127.0.0.1:7420", token: "t" },
      "endpoint must be the address of a server, such as http://127.0.0.1:7420",
    ],
    [{ endpoint: "ftp://host", token: "t" }, "endpoint must be the address of a server, such as http://127.0.0.1:7420"],
    [{ endpoint: "http://host", token: "a\nb" }, "token holds characters that cannot be sent"],
    [{ endpoint: "http://host", token: "" }, "token holds characters that cannot be sent"],
  ])("is said at once where it cannot be right: %j", (options, message) => {
    expect(() => operatorClient(options)).toThrow(new TypeError(message));
  });
});

test("the endpoint may be the server's or its operator API's, with or without a stroke, and fetch another one", async () => {
  const asked: string[] = [];
  const counting: typeof fetch = (input, init) => {
    asked.push(input instanceof Request ? input.url : input.toString());
    return fetch(input, init);
  };
  for (const endpoint of [server.endpoint, `${server.endpoint}/`, server.operatorUrl, new URL(server.endpoint)]) {
    const client = operatorClient({ endpoint, token: server.operatorToken, fetch: counting });
    expect(await client.call("GET /clock")).toMatchObject({ mode: "offset" });
  }
  expect(asked).toEqual(Array.from({ length: 4 }, () => `${server.operatorUrl}/clock`));
});

test("the example runs", async () => {
  const record = { Timestamp: new Date(), CustomerIdentifier: "demoCustomer1", Dimension: "gb_ingested", Quantity: 7 };
  const { productCode } = DEMO;
  await officialClient(server.endpoint).send(
    new BatchMeterUsageCommand({ ProductCode: productCode, UsageRecords: [record] }),
  );
  const example = fileURLToPath(new URL("../../examples/operator-api.ts", import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, ["--conditions=@countinghouse/source", example], {
    env: {
      ...process.env,
      COUNTINGHOUSE_OPERATOR_URL: server.operatorUrl,
      COUNTINGHOUSE_OPERATOR_TOKEN: server.operatorToken,
    },
  });
  expect(stdout.split("\n")).toEqual([
    `demoCustomer1 ${productCode} gb_ingested: 7`,
    expect.stringMatching(/^agmt-demo1 is active, since 2020-01-01T/),
    "",
  ]);
});
