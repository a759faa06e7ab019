/** A resource that is found by what it is not, or not when it is due, is told of. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { HOURLY_CONTAINER, resource } from "../../../../testing/container-market.ts";
import { START_MS, ledgerOver, type LedgerUnderTest } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { openMarket, register } from "../../../../testing/resource-calls.ts";
import { dataFolder } from "../data-folder.ts";
import { openSqliteEngine } from "../sqlite-engine.ts";
import { verify } from "./verify.ts";

const TASK = resource("ecs", { startedAtMs: START_MS });
let folder: ReturnType<typeof temporaryFolder>;
let store: LedgerUnderTest;

beforeEach(async () => {
  folder = temporaryFolder();
  store = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
  await openMarket(store.ledger, TASK, resource("eks", { startedAtMs: START_MS, stoppedAtMs: START_MS + 1 }));
  await register(store.ledger, TASK);
});
afterEach(() => store.remove());

test.each([
  ["platform = 'ec2'", "the platform ec2, and not ecs"],
  ["account = '000000000000'", `the accountId 000000000000, and not ${TASK.accountId}`],
  ["products = '[]'", `the productCodes , and not ${HOURLY_CONTAINER}`],
  ["products = 'none'", `the productCodes none, and not ${HOURLY_CONTAINER}`],
  ["stopped_at_ms = 1", "the stoppedAtMs 1, and not none"],
  ["due_at_ms = NULL", "the dueAtMs none, and not "],
  ["value = '{'", "cannot be read"],
])("verification finds %s", (change, found) => {
  expect(verify(folder.path).disagreement).toBeUndefined();
  const db = new DatabaseSync(dataFolder(folder.path).ledgerFile);
  db.prepare(`UPDATE resource SET ${change} WHERE id = ?`).run(TASK.resourceId);
  db.close();
  const { disagreement } = verify(folder.path);
  expect(disagreement).toContain(`Resource ${TASK.resourceId} `);
  expect(disagreement).toContain(found);
});
