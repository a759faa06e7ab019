import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { METERS, NOW } from "../../../testing/contract/store-under-test.ts";
import { storeContract } from "../../../testing/store-contract.ts";
import type { OutboxStore } from "../../store/store.ts";
import { sqliteStore } from "./sqlite-store.ts";

storeContract("in SQLite", async () => {
  const folder = mkdtempSync(join(tmpdir(), "countinghouse-outbox-"));
  const path = join(folder, "usage.outbox");
  const opened: OutboxStore[] = [];
  const open = async (): Promise<OutboxStore> => {
    const store = sqliteStore(path);
    opened.push(store);
    await store.open("contract", NOW);
    return store;
  };
  const store = await open();
  await store.transact((transaction) => transaction.addMeters(METERS));
  return {
    store,
    another: open,
    remove: async () => {
      await Promise.all(opened.map((one) => one.close()));
      rmSync(folder, { recursive: true });
    },
  };
});
