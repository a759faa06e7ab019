/** What keeps entries from being added up in SQLite is told, and passes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { ledgerOver } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { meter, sent } from "../../../../testing/contract/works.ts";
import { openSqliteEngine } from "../sqlite-engine.ts";

test("what keeps entries from being added up is told, and they are added up when it has passed", async () => {
  const folder = temporaryFolder();
  const troubles = Promise.withResolvers<Error>();
  const made = await ledgerOver(
    () => openSqliteEngine(folder.path, { addsUp: true, onSumsTrouble: troubles.resolve }),
    folder.remove,
  );
  onTestFinished(() => made.remove());
  const amounts = async (): Promise<readonly bigint[]> => {
    const { usage } = await made.ledger.sums({ usage: [{ fromHour: 0, toHour: 1_000_000, by: [] }] });
    return (usage[0] ?? []).map(({ amount }) => amount);
  };
  expect(await amounts()).toEqual([]);
  const file = join(folder.path, "sums.db");
  expect(existsSync(file)).toBe(true);
  const other = new DatabaseSync(file);
  other.exec("BEGIN IMMEDIATE");
  await made.ledger.transact(meter([sent({ quantity: 3 })]));
  expect((await troubles.promise).message).toBe(
    "The ledger's entries could not be added up: another program holds its file locked (database is locked)",
  );
  other.exec("ROLLBACK");
  other.close();
  expect(await amounts()).toEqual([3n]);
});
