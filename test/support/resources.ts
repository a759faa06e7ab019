/** Metered resources as the operator API lists them, and waiting for what the server does by itself. */
import { setTimeout as delay } from "node:timers/promises";
import { expect } from "vitest";
import type { Served } from "./server.ts";

export interface ListedResource {
  readonly resourceId: string;
  readonly platform: string;
  readonly externalId: string;
  readonly accountId: string;
  readonly region: string;
  readonly roleName?: string;
  readonly startedAt: string;
  readonly stoppedAt?: string;
  readonly heardAt: string;
  readonly live: boolean;
  readonly registrations: readonly { readonly productCode: string; readonly accruedTo?: string }[];
}

type Operated = Pick<Served, "operator">;

export async function resourcesOf(
  server: Operated,
  filter: Readonly<Record<string, string>> = {},
): Promise<readonly ListedResource[]> {
  const query = new URLSearchParams({ ...filter, limit: "1000" }).toString();
  const { status, body } = await server.operator("GET", `/resources?${query}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return (body as { items: ListedResource[] }).items;
}

const WAIT_MS_MAX = 15_000;

/** Waits until `look` answers `wanted`; if it never does, shows what it answered. */
export async function eventually<T>(look: () => Promise<T>, wanted: T): Promise<void> {
  const endMs = Date.now() + WAIT_MS_MAX;
  for (;;) {
    const seen = await look();
    if (JSON.stringify(seen) === JSON.stringify(wanted)) return;
    if (Date.now() > endMs) expect(seen).toEqual(wanted);
    await delay(20);
  }
}
