/** What keeps entries from being added up in SQLite is told, and passes; each is added up once, however many add up. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { ledgerOver } from "../../../../testing/contract/ledger-under-test.ts";
import { temporaryFolder } from "../../../../testing/contract/temporary-folder.ts";
import { meter, sent } from "../../../../testing/contract/works.ts";
import { openForReading } from "../ledger-file.ts";
import { openSqliteEngine } from "../sqlite-engine.ts";
import { SumsFollower } from "./follower.ts";
import { openSumsFile } from "./sums-file.ts";

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

test("entries are added up once where two follow the same ledger, as when a folder's lock was taken away", async () => {
  const folder = temporaryFolder();
  const made = await ledgerOver(() => openSqliteEngine(folder.path), folder.remove);
  onTestFinished(() => made.remove());
  const followers = ["one", "other"].map(() => {
    const ledger = openForReading(join(folder.path, "ledger.sqlite"));
    const sums = openSumsFile(join(folder.path, "sums-of-two.db"));
    onTestFinished(() => {
      sums.close();
      ledger.close();
    });
    return { sums, follower: new SumsFollower(ledger, sums) };
  });
  const [one, other] = followers as [(typeof followers)[number], (typeof followers)[number]];
  const amountOf = ({ sums }: typeof one): unknown =>
    sums.prepare("SELECT sum(h12) AS amount, count(*) AS rows FROM day_sum").get();
  for (const [quantity, dimension] of [
    [1, "gb"],
    [20, "calls"],
    [300, "gb"],
  ] as const) {
    await made.ledger.transact(meter([sent({ quantity, dimension }, { discriminator: `${quantity}` })]));
    // Each takes turns in being first.
    for (const { follower } of quantity === 20 ? [other, one] : [one, other]) follower.step();
    expect(one.follower.position?.seq).toBe(other.follower.position?.seq);
  }
  expect({ ...(amountOf(one) as object) }).toEqual({ amount: 321, rows: 2 });
});
