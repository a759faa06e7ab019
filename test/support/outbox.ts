/** An outbox before a running server, as suites have it. */
import { join } from "node:path";
import { openOutbox, type Outbox, type OutboxOptions } from "@countinghouse/outbox";
import { sqliteStore } from "@countinghouse/outbox/sqlite";
import { onTestFinished } from "vitest";
import { clientOf } from "./client.ts";
import { DEMO, temporaryFolder, type Served } from "./server.ts";

export const METERS = {
  gb: { productCode: DEMO.productCode, dimension: "gb_ingested", per: "1000" },
  queries: { productCode: DEMO.productCode, dimension: "queries" },
} as const;

export const HOUR_MS = 3_600_000;

/** A customer of the demo catalogue, as a binding has it. */
export const FIRST = { productCode: DEMO.productCode, customerIdentifier: "demoCustomer1" };
export const SECOND = { productCode: DEMO.productCode, customerAccountId: "777788889999" };

/** Moves the service's clock. */
export async function moveTo(server: Served, now: string): Promise<void> {
  const { status, body } = await server.operator("PUT", "/clock", { now });
  if (status !== 200) throw new Error(`The clock does not move: ${JSON.stringify(body)}`);
}

interface OpenedOutbox {
  readonly outbox: Outbox;
  /** The store's file. */
  readonly path: string;
}

/** A new outbox in a file, which sends to a server as fast as it can. Ends with the test. */
export async function outboxOf(
  endpoint: string,
  options: Partial<OutboxOptions> = {},
  path: string = join(folderOfTest(), "usage.outbox"),
): Promise<OpenedOutbox> {
  const outbox = await openOutbox({
    name: "acme-test",
    store: sqliteStore(path),
    client: clientOf(endpoint),
    meters: METERS,
    requestsPerSecond: 50_000,
    ...options,
  });
  onTestFinished(() => outbox.close());
  return { outbox, path };
}

export function folderOfTest(): string {
  const folder = temporaryFolder();
  onTestFinished(() => folder.remove());
  return folder.path;
}

interface LedgerRecord {
  readonly quantity: number;
  readonly dimension: string;
  readonly timestamp: string;
  readonly customerIdentifier?: string;
  readonly customerAccountId?: string;
  readonly [member: string]: unknown;
}

/** All metering records of a server. */
export async function recordsOf(server: Served): Promise<readonly LedgerRecord[]> {
  const records: LedgerRecord[] = [];
  for (let cursor = ""; ;) {
    const { body } = await server.operator("GET", `/metering-records?limit=1000${cursor}`);
    const page = body as { readonly items: readonly LedgerRecord[]; readonly nextCursor?: string };
    records.push(...page.items);
    if (page.nextCursor === undefined) return records;
    cursor = `&cursor=${encodeURIComponent(page.nextCursor)}`;
  }
}
