/** The operator API's description of itself: OpenAPI 3.1, of the routes that exist and no others. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { demoMarket, type DemoMarket } from "../support/demo-market.ts";
import { callOperator } from "../support/operator-call.ts";
import { ROUTES } from "./routes.ts";

interface Response {
  readonly description: string;
  readonly content?: Readonly<Record<string, { readonly schema: object }>>;
}

interface Operation {
  readonly summary: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
  readonly responses: Readonly<Record<string, Response>>;
}

interface Description {
  readonly openapi: string;
  readonly info: { readonly title: string; readonly version: string };
  readonly security: readonly Readonly<Record<string, readonly string[]>>[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>;
    readonly securitySchemes: Readonly<Record<string, object>>;
  };
}

const BASE = "/operator/v1";

let server: DemoMarket;
let description: Description;
let operations: { readonly method: string; readonly path: string; readonly operation: Operation }[];
beforeAll(async () => {
  server = await demoMarket();
  const response = await fetch(`${server.endpoint}/operator/openapi.json`);
  expect(response.headers.get("content-type")).toBe("application/json");
  description = (await response.json()) as Description;
  operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
});
afterAll(() => server.stop());

test("it can be read without the token, and holds none", () => {
  expect(description.openapi).toMatch(/^3\.1\.\d+$/);
  expect(description.info).toEqual({ title: "Countinghouse operator API", version: expect.any(String) as string });
  expect(JSON.stringify(description)).not.toContain(server.operatorToken);
});

test("it says that every operation needs the bearer token", () => {
  expect(description.security).toEqual([{ operatorToken: [] }]);
  expect(description.components.securitySchemes).toEqual({ operatorToken: { type: "http", scheme: "bearer" } });
});

test("it lists the routes of the contract, and no others", () => {
  const listed = operations.map(({ method, path }) => `${method} ${path}`);
  expect(listed.toSorted()).toEqual(ROUTES.map(([method, path]) => `${method} ${BASE}${path}`).toSorted());
});

test("every route that it lists exists, and no other method of its paths does", async () => {
  for (const path of Object.keys(description.paths)) {
    for (const method of ["get", "post", "put", "patch", "delete"]) {
      if (method === "post" && path === `${BASE}/reset`) continue;
      // It answers without an end; test/operator/activity.test.ts reads it.
      if (method === "get" && path === `${BASE}/activity`) continue;
      const concrete = path.slice(BASE.length).replaceAll(/\{\w+\}/g, "nothing");
      const answer = await callOperator(server, method.toUpperCase(), concrete, method === "get" ? {} : { body: {} });
      const isRoute = !answer.text.includes("No such route.");
      expect(isRoute, `${method} ${path}`).toBe(description.paths[path]?.[method] !== undefined);
    }
  }
});

describe("every operation", () => {
  test("has a summary and a documented success", () => {
    forEachOperation((name, { summary, responses }) => {
      expect(summary, name).toMatch(/^\S.{3,}/);
      const successes = Object.keys(responses).filter((status) => /^2\d\d$/.test(status));
      expect(successes, name).toHaveLength(1);
    });
  });

  test("documents its problems, as problem+json", () => {
    forEachOperation((name, { responses, requestBody }) => {
      const problems = Object.entries(responses).filter(([status]) => !status.startsWith("2"));
      const statuses = problems.map(([status]) => status);
      expect(statuses, name).toEqual(expect.arrayContaining(["401", "500", "503"]));
      if (requestBody !== undefined) {
        expect(statuses, name).toEqual(expect.arrayContaining(["400", "413", "415", "422"]));
      }
      for (const [status, { description: text, content }] of problems) {
        expect(text, `${name} ${status}`).not.toBe("Error");
        expect(content, `${name} ${status}`).toEqual({
          "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } },
        });
      }
    });
  });

  test("declares each parameter of its path", () => {
    forEachOperation((name, { parameters = [] }, path) => {
      const wanted = [...path.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
      const declared = parameters.filter((parameter) => parameter.in === "path");
      const names = declared.map((parameter) => parameter.name);
      expect(names, name).toEqual(wanted);
      expect(declared.every((parameter) => parameter.required === true)).toBe(true);
    });
  });

  test("that names an object in its path can answer 404", () => {
    forEachOperation((name, { responses }, path) => {
      if (path.includes("{")) expect(Object.keys(responses), name).toContain("404");
    });
  });
});

function forEachOperation(check: (name: string, operation: Operation, path: string) => void): void {
  for (const { method, path, operation } of operations) check(`${method} ${path}`, operation, path);
}

/** Every object of the description that is, or may be, a schema. */
function* objectsIn(value: unknown): Generator<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) yield value as Record<string, unknown>;
  for (const inner of Object.values(value)) yield* objectsIn(inner);
}

test("every reference leads somewhere", () => {
  for (const { $ref } of objectsIn(description)) {
    if (typeof $ref !== "string") continue;
    const name = /^#\/components\/schemas\/(\w+)$/.exec($ref)?.[1] ?? "";
    expect(description.components.schemas[name], $ref).toBeDefined();
  }
});

test("every pattern is one of JSON Schema: a regular expression without a literal's slashes", () => {
  const patterns = [...objectsIn(description)]
    .map(({ pattern }) => pattern)
    .filter((value) => typeof value === "string");
  expect(patterns.length).toBeGreaterThan(10);
  for (const pattern of new Set(patterns)) {
    expect(() => new RegExp(pattern, "u")).not.toThrow();
    expect(pattern).toMatch(/^\^.*\$$/s);
  }
});

test("no schema uses what OpenAPI 3.1 has dropped", () => {
  for (const object of objectsIn(description)) {
    expect(object).not.toHaveProperty("nullable");
    expect(typeof object["exclusiveMinimum"]).not.toBe("boolean");
  }
});
