/** A data folder in which tasks have registered, for a server to start on. */
import { BUYER, BYOL, HOURLY, MARKET, place, task } from "../../packages/server/testing/control-plane.ts";
import { START_MS, ledgerOver } from "../../packages/server/testing/contract/ledger-under-test.ts";
import { put } from "../../packages/server/testing/contract/works.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { newFolder } from "./scoped.ts";

export { BUYER, BYOL, HOURLY, START_MS };

interface RegisteredTask {
  readonly name: string;
  readonly startedAtMs: number;
  readonly products?: readonly string[];
}

/** Answers the flags of a server on the folder; its clock has the time at which these tasks were registered. */
export async function meteredFolder(tasks: readonly RegisteredTask[]): Promise<readonly string[]> {
  const folder = `${newFolder()}/data`;
  const made = await ledgerOver(
    () => openSqliteEngine(folder),
    () => {},
  );
  await made.ledger.transact(put(MARKET));
  const resources = tasks.map(({ name, startedAtMs, products = [HOURLY] }) =>
    task(name, {
      startedAtMs,
      registrations: products.map((productCode) => ({ productCode, registeredAtMs: startedAtMs })),
    }),
  );
  await place(made.ledger, ...resources);
  await made.remove();
  return ["--store", `sqlite:${folder}`, "--clock", "manual"];
}
