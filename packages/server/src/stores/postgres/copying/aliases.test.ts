/** A copied record that is kept under its client token as well counts as one record. Rule M4. */
import { expect, onTestFinished } from "vitest";
import { newDatabase, testOfPostgres } from "../../../../../../test/support/postgres/database.ts";
import { resource } from "../../../../testing/container-market.ts";
import { START_MS, ledgerOver } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { meter, openMarket, sent } from "../../../../testing/resource-calls.ts";
import { realWorld } from "../../../world.ts";
import { openLedgerSource } from "../../sqlite/ledger-source.ts";
import { openSqliteEngine } from "../../sqlite/sqlite-engine.ts";
import { verifyAt } from "../verify-ledger.ts";
import { copyLedger } from "./copy-ledger.ts";

const test = testOfPostgres();
const TASK = resource("ecs", { startedAtMs: START_MS });

test("a ledger with client tokens is copied, and verification counts its records alike on both sides", async () => {
  const folder = temporaryFolder();
  onTestFinished(folder.remove);
  const store = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
  await openMarket(store.ledger, TASK);
  await meter(store.ledger, TASK, sent({ clientToken: "t" }));
  await meter(store.ledger, TASK, sent({ usageDimension: "calls" }));
  await store.ledger.close();
  const database = await newDatabase();
  onTestFinished(() => database.remove());
  const source = await openLedgerSource(folder.path);
  onTestFinished(() => source.close());
  const copied = await copyLedger(source, database.url, { ...realWorld, again: false });
  expect(copied).toMatchObject({ meteringRecords: 2 });
  expect(await verifyAt(database.url, realWorld)).toMatchObject({ meteringRecords: 2, disagreement: undefined });
});
