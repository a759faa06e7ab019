/** What tests ask of the operator API. */
import { expect } from "vitest";
import type { Served } from "./server.ts";

type Operated = Pick<Served, "operator">;

/** A metering record as the operator API lists it, as far as tests read it. */
export interface ListedRecord {
  readonly meteringRecordId: string;
  readonly productCode: string;
  readonly customerIdentifier?: string;
  readonly customerAccountId?: string;
  readonly licenseArn?: string;
  readonly dimension: string;
  readonly quantity: number;
  readonly hour: string;
  readonly timestamp: string;
  readonly region: string;
  readonly recordedAt: string;
  readonly usageAllocations?: readonly object[];
}

interface RecordsPage {
  readonly items: readonly ListedRecord[];
  readonly nextCursor?: string;
}

/** One page of the ledger's metering records. */
export async function recordsPage(server: Operated, query: Readonly<Record<string, string>>): Promise<RecordsPage> {
  const { status, body } = await server.operator("GET", `/metering-records?${new URLSearchParams(query).toString()}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as RecordsPage;
}

/** The metering records that match a filter; all of them, since tests keep few. */
export async function meteringRecords(
  server: Operated,
  filter: Readonly<Record<string, string>> = {},
): Promise<readonly ListedRecord[]> {
  const page = await recordsPage(server, { ...filter, limit: "1000" });
  expect(page.nextCursor).toBeUndefined();
  return page.items;
}

/** Adds an account, a product or an agreement. */
export async function add(
  server: Operated,
  path: "/accounts" | "/products" | "/agreements",
  document: object,
): Promise<void> {
  const { status, body } = await server.operator("POST", path, document);
  expect(status, JSON.stringify(body)).toBe(201);
}

export async function registrationToken(server: Operated, agreementId: string): Promise<string> {
  const { status, body } = await server.operator("POST", "/registration-tokens", { agreementId });
  expect(status, JSON.stringify(body)).toBe(201);
  return (body as { readonly registrationToken: string }).registrationToken;
}

/** Moves a manual or offset service clock. */
export async function moveClock(
  server: Operated,
  move: { readonly now: string } | { readonly advanceSeconds: number },
): Promise<void> {
  const { status, body } = await server.operator("PUT", "/clock", move);
  expect(status, JSON.stringify(body)).toBe(200);
}
