/** The operator API's door: its bearer token, and nothing to be learnt without it. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator, expectProblem } from "../support/operator-call.ts";
import { ROUTES } from "./routes.ts";

let server: DemoMarket;
let token: string;
beforeAll(async () => {
  server = await demoMarket();
  token = server.operatorToken;
});
afterAll(() => server.stop());

test("every route is closed without the token, and the answer tells no more than that", async () => {
  for (const [method, path] of [...ROUTES, ["get", "/no-such-route"]] as const) {
    const answer = await callOperator(server, method.toUpperCase(), path, {
      authorization: null,
      ...(method === "get" ? {} : { body: {} }),
    });
    expectProblem(answer, 401, /needs its bearer token/);
    expect(answer.headers.get("www-authenticate")).toBe("Bearer");
    expect(answer.text).not.toContain(token);
  }
});

test.each([
  ["another token", () => `Bearer ${token.replace(/^./, token.startsWith("x") ? "y" : "x")}`],
  ["the beginning of the token", () => `Bearer ${token.slice(0, -1)}`],
  ["more than the token", () => `Bearer ${token}0`],
  ["the token in capitals", () => `Bearer ${token.toUpperCase()}`],
  ["no token after the scheme", () => "Bearer "],
  ["the token without a scheme", () => token],
  ["the token in another scheme", () => `Basic ${Buffer.from(`operator:${token}`).toString("base64")}`],
])("%s does not open it", async (_name, wrong) => {
  const authorization = wrong();
  expectProblem(await callOperator(server, "GET", "/accounts", { authorization }), 401, /needs its bearer token/);
});

test("the token opens it, however the scheme is written", async () => {
  for (const authorization of [`Bearer ${token}`, `bearer ${token}`]) {
    expect((await callOperator(server, "GET", "/clock", { authorization })).status).toBe(200);
  }
});

test("a token in the address is no token", async () => {
  const answer = await callOperator(server, "GET", `/accounts?access_token=${token}`, { authorization: null });
  expectProblem(answer, 401, /needs its bearer token/);
});

test("a call without the token changes nothing", async () => {
  const before = await callOperator(server, "GET", "/accounts");
  const body = { id: "999900001111" };
  await callOperator(server, "POST", "/accounts", { body, authorization: null });
  await callOperator(server, "POST", "/reset", { authorization: "Bearer wrong" });
  expect((await callOperator(server, "GET", "/accounts")).json).toEqual(before.json);
});
