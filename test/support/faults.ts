/** Faults on demand, as tests ask for them. */
import { expect } from "vitest";
import type { RunningServer } from "./server.ts";

interface Fault {
  readonly faultId: string;
  readonly hits: number;
  readonly remaining?: number;
}

/** Adds a fault. */
export async function inject(server: Pick<RunningServer, "operator">, fault: object): Promise<Fault> {
  const { status, body } = await server.operator("POST", "/faults", fault);
  expect(status, JSON.stringify(body)).toBe(201);
  return body as Fault;
}

export async function faultsOf(server: Pick<RunningServer, "operator">): Promise<readonly Fault[]> {
  const { status, body } = await server.operator("GET", "/faults");
  expect(status, JSON.stringify(body)).toBe(200);
  return (body as { readonly items: readonly Fault[] }).items;
}

/** The explanation of a request, as far as tests read it. */
export async function explanationOf(
  server: Pick<RunningServer, "operator">,
  id: string | undefined,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await server.operator("GET", `/requests/${id}/explanation`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Readonly<Record<string, unknown>>;
}
