/** Opens the store that a command line names, and the client that its environment gives. */
import { MarketplaceMeteringClient } from "@countinghouse/client";
import type { Command } from "commander";
import { reopenOutbox } from "../open.ts";
import type { Outbox } from "../outbox.ts";
import { OutboxError } from "../store/outbox-error.ts";
import type { OutboxStore } from "../store/store.ts";

/** Stores are loaded when they are named: each needs what the other one's users may not have. */
export async function storeOf(command: Command): Promise<OutboxStore> {
  const { store } = command.optsWithGlobals<{ store?: string }>();
  if (store === undefined) throw new TypeError("Which store? Say --store sqlite:PATH, or set OUTBOX_STORE.");
  if (store.startsWith("sqlite:")) {
    const { sqliteStore } = await import("../stores/sqlite/sqlite-store.ts");
    return sqliteStore(store.slice("sqlite:".length));
  }
  throw new TypeError(
    `The store ${JSON.stringify(store.replace(/\/\/[^@]*@/, "//…@"))} is none; expected sqlite:PATH.`,
  );
}

/** Runs work with an outbox that is there already. */
export async function withOutbox<T>(command: Command, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  await using outbox = await reopenOutbox(await storeOf(command), undefined, {});
  return await work(outbox);
}

/** … and with a client, whose service tells the time. */
export async function withDelivery<T>(command: Command, work: (outbox: Outbox) => Promise<T>): Promise<T> {
  await using client = new MarketplaceMeteringClient();
  await using outbox = await reopenOutbox(await storeOf(command), client, {
    warn: (message) => process.stderr.write(`${message}\n`),
  });
  return await work(outbox);
}

export function refused(message: string): OutboxError {
  return new OutboxError("refused", message);
}
