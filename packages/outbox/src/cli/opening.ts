/** Opens the store that a command line names, and the client that its environment gives. */
import { MarketplaceMeteringClient } from "@countinghouse/client";
import type { Command } from "commander";
import { reopenOutbox } from "../open.ts";
import type { Outbox } from "../outbox.ts";
import { OutboxError } from "../store/outbox-error.ts";
import type { PostgresPool } from "../stores/postgres/connection.ts";
import { schemaName } from "../stores/postgres/schema/migrate.ts";
import type { OutboxStore } from "../store/store.ts";

/** Where a store is: a file, or a schema of a database. */
type Place = { readonly path: string } | { readonly url: string; readonly schema: string };

export function placeOf(command: Command): Place {
  const { store, schema } = command.optsWithGlobals<{ store?: string; schema: string }>();
  if (store === undefined)
    throw new TypeError("Which store? Say --store sqlite:PATH or postgres://…, or set OUTBOX_STORE.");
  if (store.startsWith("sqlite:")) return { path: store.slice("sqlite:".length) };
  if (/^postgres(ql)?:\/\//.test(store)) return { url: store, schema: schemaName(schema) };
  throw new TypeError(
    `The store ${JSON.stringify(store.replace(/\/\/[^@]*@/, "//…@"))} is none; expected sqlite:PATH or postgres://….`,
  );
}

/** Stores are loaded when they are named: each needs what the other one's users may not have. */
export async function storeOf(command: Command): Promise<OutboxStore> {
  const place = placeOf(command);
  if ("path" in place) {
    const { sqliteStore } = await import("../stores/sqlite/sqlite-store.ts");
    return sqliteStore(place.path);
  }
  const { postgresStore } = await import("../stores/postgres/postgres-store.ts");
  return postgresStore({ pool: await poolOf(place.url), schema: place.schema });
}

/** Its connections do not hold up the end of the process. */
export async function poolOf(url: string): Promise<PostgresPool> {
  const { Pool } = await import("pg").catch((error: unknown) => {
    throw new OutboxError("store", "The driver of PostgreSQL is not there: npm install pg.", error);
  });
  const pool = new Pool({ connectionString: url, max: 5, connectionTimeoutMillis: 10_000, allowExitOnIdle: true });
  // A connection that breaks while it is idle: the next statement says so.
  pool.on("error", () => undefined);
  return pool;
}

/** Runs work with an outbox that is there already. */
export async function withOutbox<T>(command: Command, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  return closing(await reopenOutbox(await storeOf(command), undefined, {}), work);
}

/** … and with a client, whose service tells the time. */
export async function withDelivery<T>(command: Command, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  const logger = { warn: (message: string) => void process.stderr.write(`${message}\n`) };
  return closing(new MarketplaceMeteringClient(), async (client) =>
    closing(await reopenOutbox(await storeOf(command), client, logger), work),
  );
}

/** As `await using`, which Node 20 does not know. */
async function closing<R extends { close(): Promise<void> }, T>(
  resource: R,
  work: (resource: R) => Promise<T>,
): Promise<T> {
  try {
    return await work(resource);
  } finally {
    await resource.close();
  }
}
