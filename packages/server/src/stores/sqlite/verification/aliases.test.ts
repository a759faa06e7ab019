/** A record that is kept under its client token as well counts as one record. Rule M4. */
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, test } from "vitest";
import { resource } from "../../../../testing/container-market.ts";
import { START_MS, ledgerOver, type LedgerUnderTest } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { meter, openMarket, sent } from "../../../../testing/resource-calls.ts";
import { backUp } from "../backup.ts";
import { dataFolder } from "../data-folder.ts";
import { openSqliteEngine } from "../sqlite-engine.ts";
import { verify } from "./verify.ts";

const TASK = resource("ecs", { startedAtMs: START_MS });
let folder: ReturnType<typeof temporaryFolder>;
let store: LedgerUnderTest;

beforeEach(async () => {
  folder = temporaryFolder();
  store = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
  await openMarket(store.ledger, TASK);
  await meter(store.ledger, TASK, sent({ clientToken: "t" }));
  await meter(store.ledger, TASK, sent({ usageDimension: "calls" }));
});

afterEach(() => store.remove());

test("verification and backup count two records, where there are three ways to find them", () => {
  expect(verify(folder.path)).toMatchObject({ meteringRecords: 2, disagreement: undefined });
  expect(backUp(folder.path, `${folder.path}/backup`)).toMatchObject({ meteringRecords: 2 });
});

test.each([
  ["an alias that nothing accepted", "token:resource:ecs-of-anna:forged"],
  ["a record that nothing accepted", "resource:forged"],
])("verification finds %s, and takes no good alias for it", (_what, discriminator) => {
  const db = new DatabaseSync(dataFolder(folder.path).ledgerFile);
  db.prepare(
    `INSERT INTO metering_record
     SELECT hour, offering, region, customer, dimension, :discriminator, quantity, entry_seq, position
     FROM metering_record WHERE discriminator LIKE 'resource:%' ORDER BY entry_seq DESC LIMIT 1`,
  ).run({ discriminator });
  const { seq } = db.prepare("SELECT max(entry_seq) AS seq FROM metering_record").get() as { seq: number };
  db.close();
  expect(verify(folder.path).disagreement).toContain(`A key points at record 1 of entry ${seq},`);
});
