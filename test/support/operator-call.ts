/** Raw calls of the operator API: any header, any body, any token or none. */
import { expect } from "vitest";
import type { Served } from "./server.ts";

export interface OperatorAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Undefined for an empty body. */
  readonly json: unknown;
}

interface OperatorCall {
  /** A text is sent unchanged, anything else as JSON. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** Replaces the server's token; null for none. */
  readonly authorization?: string | null;
}

/** Calls a route below `/operator/v1`. */
export async function callOperator(
  server: Pick<Served, "operatorUrl" | "operatorToken">,
  method: string,
  path: string,
  { body, headers, authorization = `Bearer ${server.operatorToken}` }: OperatorCall = {},
): Promise<OperatorAnswer> {
  const response = await fetch(`${server.operatorUrl}${path}`, {
    method,
    headers: {
      ...(authorization === null ? {} : { authorization }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const json = text === "" ? undefined : (JSON.parse(text) as unknown);
  return { status: response.status, headers: response.headers, text, json };
}

/** Expects a refusal as problem+json, with this detail, and complaints about these members. */
export function expectProblem(
  answer: OperatorAnswer,
  status: number,
  detail: RegExp,
  errors?: readonly string[],
): void {
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get("content-type")).toBe("application/problem+json");
  const { title, ...rest } = answer.json as { title: string };
  expect(title).toMatch(/^[A-Z]/);
  expect(rest).toEqual({
    type: "about:blank",
    status,
    detail: expect.stringMatching(detail) as string,
    ...(errors === undefined ? {} : { errors }),
  });
}
