/** Nothing that is sent is silently ignored: every route refuses query members, and bodies, that it does not read. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator, expectProblem, type OperatorAnswer } from "../support/operator-call.ts";
import { ROUTES } from "./routes.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
}

type Paths = Readonly<
  Record<
    string,
    Readonly<Record<string, { readonly parameters?: readonly Parameter[]; readonly requestBody?: object }>>
  >
>;

const BASE = "/operator/v1";

let server: DemoMarket;
let paths: Paths;
beforeAll(async () => {
  server = await demoMarket();
  const described = await fetch(`${server.endpoint}/operator/openapi.json`);
  ({ paths } = (await described.json()) as { paths: Paths });
});
afterAll(() => server.stop());

interface Route {
  readonly method: string;
  readonly path: string;
  readonly members: readonly string[];
  readonly hasBody: boolean;
}

function routes(): readonly Route[] {
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { parameters = [], requestBody }]) => ({
      method: method.toUpperCase(),
      path: path.slice(BASE.length).replaceAll(/\{\w+\}/g, "nothing"),
      members: parameters.filter((parameter) => parameter.in === "query").map(({ name }) => name),
      hasBody: requestBody !== undefined,
    })),
  );
}

/** Calls a route; where it reads a body, with an empty one. */
function call({ method, path, hasBody }: Route, query: string, body?: unknown): Promise<OperatorAnswer> {
  const sent = body ?? (hasBody ? {} : undefined);
  return callOperator(server, method, `${path}?${query}`, sent === undefined ? {} : { body: sent });
}

test("every route of the description refuses a query member that it does not declare, and names it", async () => {
  expect(routes()).toHaveLength(ROUTES.length);
  for (const route of routes()) {
    const reads = route.members.length === 0 ? "none" : route.members.toSorted().join(", ");
    expectProblem(await call(route, "unheardOf=1"), 422, /does not fit its schema/, [
      `unknown query member unheardOf; this route reads ${reads}`,
    ]);
  }
});

test("every route refuses a member that is there twice, be it the same", async () => {
  const reading = routes().filter(({ members }) => members.length > 0);
  expect(reading.length).toBeGreaterThan(5);
  for (const route of reading) {
    for (const member of route.members) {
      const answer = await call(route, `${member}=1&${member}=1`);
      expectProblem(answer, 422, /does not fit its schema/, [`${member}: is there 2 times; it is read once`]);
    }
  }
});

test("every route that reads no body refuses one that says something", async () => {
  const bodiless = routes().filter(({ hasBody, method }) => !hasBody && method !== "GET");
  expect(bodiless.length).toBeGreaterThan(5);
  for (const route of bodiless) {
    const complaint = ["the body: this route reads none"];
    expectProblem(await call(route, "", { reason: "why not" }), 422, /does not fit its schema/, complaint);
  }
});

describe("a misspelt filter answers nothing, rather than everything:", () => {
  test.each([
    ["/reports/usage-by-instance-type?month=2026-03&seller=000000000000", "seller"],
    ["/metering-records?productcode=zzz", "productcode"],
    ["/audit-events?eventname=ResolveCustomer", "eventname"],
    ["/accounts?id=1", "id"],
    ["/accounts?filter[id]=1", "filter[id]"],
    ["/resources?Live=true", "Live"],
    ["/clock?verbose", "verbose"],
  ])("%s", async (path, member) => {
    const answer = await callOperator(server, "GET", path);
    expect(answer.status).toBe(422);
    expect((answer.json as { errors: string[] }).errors).toEqual([
      expect.stringContaining(`unknown query member ${member}; `),
    ]);
  });

  test("each of several is named", async () => {
    const answer = await callOperator(server, "GET", "/products?a=1&limit=5&b=2");
    expect((answer.json as { errors: string[] }).errors).toEqual([
      "unknown query member a; this route reads cursor, limit, q, seller",
      "unknown query member b; this route reads cursor, limit, q, seller",
    ]);
  });

  test("a name that is no word is not repeated: it may be a secret", async () => {
    for (const name of ["s3cret%20value", "%ff", "=x", "__proto__%00", "a".repeat(65)]) {
      const answer = await callOperator(server, "GET", `/products?${name}=1`);
      expect((answer.json as { errors: string[] }).errors).toEqual([
        "unknown query member (its name is no word); this route reads cursor, limit, q, seller",
      ]);
    }
    const named = await callOperator(server, "GET", "/products?__proto__=1");
    expect(named.text).toContain("unknown query member __proto__;");
  });
});

test.each(["1e2", "0x10", "%205", "5.0", "-1", "0", "1001", "", "%2B5", "ten"])(
  "a limit of %j is no whole number from 1 to 1000",
  async (limit) => {
    for (const path of ["/products", "/metering-records", "/audit-events", "/resources"]) {
      const answer = await callOperator(server, "GET", `${path}?limit=${limit}`);
      expectProblem(answer, 422, /schema/, ["limit: must be a whole number from 1 to 1000"]);
    }
  },
);

test.each(["", "0x1", "1e1", "%201", "-1", "1.0", "99999999999999999999"])("a cursor of %j is none", async (cursor) => {
  for (const path of ["/products", "/registration-keys", "/faults"]) {
    expectProblem(await callOperator(server, "GET", `${path}?cursor=${cursor}`), 400, /cursor is invalid/);
  }
});

test("who does not bring the token does not learn what a route reads", async () => {
  const answer = await callOperator(server, "GET", "/products?unheardOf=1", { authorization: null });
  expectProblem(answer, 401, /bearer token/);
});
