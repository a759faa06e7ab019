/** Faults on demand, as tests ask for them. */
import { expect } from "vitest";
import type { Served } from "./server.ts";

interface Fault {
  readonly faultId: string;
  readonly hits: number;
  readonly remaining?: number;
}

/** Adds a fault. */
export async function inject(server: Pick<Served, "operator">, fault: object): Promise<Fault> {
  const { status, body } = await server.operator("POST", "/faults", fault);
  expect(status, JSON.stringify(body)).toBe(201);
  return body as Fault;
}

export async function faultsOf(server: Pick<Served, "operator">): Promise<readonly Fault[]> {
  const { status, body } = await server.operator("GET", "/faults");
  expect(status, JSON.stringify(body)).toBe(200);
  return (body as { readonly items: readonly Fault[] }).items;
}

/** The explanation of a request, as far as tests read it. */
export async function explanationOf(
  server: Pick<Served, "operator">,
  id: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await server.operator("GET", `/requests/${id}/explanation`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Readonly<Record<string, unknown>>;
}
