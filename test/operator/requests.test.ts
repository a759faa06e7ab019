/** Requests that are none: unknown routes, bodies that are too large, not JSON, or of another kind. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";

let server: DemoMarket;
beforeAll(async () => {
  server = await demoMarket();
});
afterAll(() => server.stop());

test.each([
  ["GET", "/no-such-route"],
  ["GET", "/"],
  ["DELETE", "/accounts"],
  ["PUT", "/accounts/111122223333"],
  ["GET", "/accounts/111122223333/access-keys"],
  ["POST", "/metering-records"],
  ["GET", "/agreements/agmt-demo1/cancel"],
  ["POST", "/agreements/agmt-demo1/renew"],
  ["PUT", "/requests"],
  ["DELETE", "/requests/x/explanation"],
])("%s %s is no route", async (method, path) => {
  expectProblem(await callOperator(server, method, path), 404, /^No such route\.$/);
});

test.each(["/operator/v2/accounts", "/operator/", "/operator/nothing"])("%s is no route either", async (path) => {
  const response = await fetch(`${server.endpoint}${path}`);
  expect(response.status).toBe(404);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
});

test.each(["{", "", "{'id': 1}", "\u0000"])("a body that is not JSON (%j) is a bad request", async (body) => {
  const headers = { "content-type": "application/json" };
  expectProblem(await callOperator(server, "POST", "/accounts", { body, headers }), 400, /^The body is not JSON\.$/);
});

test.each(["null", "[]", "3", '"text"'])("JSON that is no object (%s) does not fit", async (body) => {
  for (const [method, path] of [
    ["POST", "/products"],
    ["PATCH", "/products/0abcdefghijklmnopqrstuvwx"],
    ["PUT", "/clock"],
  ] as const) {
    const answer = await callOperator(server, method, path, { body });
    expect(answer.status).toBe(422);
    expect((answer.json as { errors: string[] }).errors).toEqual([expect.stringContaining("expected object")]);
  }
});

test.each([["text/plain"], ["application/x-www-form-urlencoded"], ["application/yaml"]])(
  "a body of type %s is not read",
  async (type) => {
    const answer = await callOperator(server, "POST", "/accounts", {
      body: '{"id":"999900001111"}',
      headers: { "content-type": type },
    });
    expectProblem(answer, 415, /application\/json/);
    expect((await callOperator(server, "GET", "/accounts/999900001111")).status).toBe(404);
  },
);

test("a content type may name its character set", async () => {
  const headers = { "content-type": "application/json; charset=utf-8" };
  const answer = await callOperator(server, "POST", "/accounts", { body: { id: "999900002222" }, headers });
  expect(answer.status).toBe(201);
});

test("a body of more than a mebibyte is refused, one of a mebibyte is read", async () => {
  const tooLarge = await callOperator(server, "POST", "/accounts", { body: account("999900003333", 1_048_577) });
  expectProblem(tooLarge, 413, /at most 1048576 bytes/);
  const largest = await callOperator(server, "POST", "/accounts", { body: account("999900003333", 1_048_576) });
  expect(largest.status).toBe(201);
});

test("a body whose length is not announced is bounded all the same", async () => {
  const response = await streamed(account("999900005555", 1_048_577));
  expect(response.status).toBe(413);
  expect((await streamed(account("999900005555", 100_000))).status).toBe(201);
});

test("a connection on which too much was sent is good for the next call", async () => {
  for (let i = 0; i < 3; i += 1) {
    expect((await callOperator(server, "POST", "/accounts", { body: account("999900006666", 3_000_000) })).status).toBe(
      413,
    );
    await new Promise((resume) => setTimeout(resume, 350));
    expect((await streamed(account("1", 800_000))).status).toBe(422);
  }
});

/** An account as JSON of this many bytes. */
function account(id: string, bytes: number): string {
  const text = `{"id":"${id}"}`;
  return text.padEnd(bytes, " ");
}

/** Sends a body in chunks. */
function streamed(text: string): Promise<Response> {
  const body = new Blob([text]).stream();
  const headers = { authorization: `Bearer ${server.operatorToken}`, "content-type": "application/json" };
  return fetch(`${server.operatorUrl}/accounts`, { method: "POST", headers, body, duplex: "half" });
}

test("names that mean something to JavaScript mean nothing here", async () => {
  const body = '{"id":"999900004444","__proto__":{"title":"x"},"constructor":{"prototype":{}}}';
  const answer = await callOperator(server, "POST", "/accounts", { body });
  expect(answer.status).toBe(422);
  const patch = await callOperator(server, "PATCH", "/accounts/111122223333", { body: '{"__proto__":{"title":"x"}}' });
  expect(patch.text).not.toContain('"title":"x"');
});

test("every answer to an operator names its request", async () => {
  const ids = await Promise.all([1, 2].map(() => callOperator(server, "GET", "/clock")));
  const [first, second] = ids.map(({ headers }) => headers.get("x-request-id"));
  expect(first).toMatch(/^[0-9a-f-]{36}$/);
  expect(second).toMatch(/^[0-9a-f-]{36}$/);
  expect(first).not.toBe(second);
});

test("none of this is an error of the server", () => {
  expect(server.market.trace()).toBe("No call has reached the market.");
});
