/** Sums that are not those of the entries are found by verification; what has expired goes along to another store. */
import { writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { HOUR_MS } from "@countinghouse/protocol";
import { expect, onTestFinished, test } from "vitest";
import {
  START_MS,
  ledgerOver,
  type LedgerUnderTest,
} from "../../packages/server/testing/contract/ledger-under-test.ts";
import { meter, newCall, sent } from "../../packages/server/testing/contract/works.ts";
import { openAt } from "../../packages/server/testing/postgres-ledger.ts";
import type { Ledger } from "../../packages/server/src/ledger/ledger.ts";
import { copyLedger } from "../../packages/server/src/stores/postgres/copying/copy-ledger.ts";
import { verifyAt } from "../../packages/server/src/stores/postgres/verify-ledger.ts";
import { openLedgerSource } from "../../packages/server/src/stores/sqlite/ledger-source.ts";
import { openSqliteEngine } from "../../packages/server/src/stores/sqlite/sqlite-engine.ts";
import { realWorld } from "../../packages/server/src/world.ts";
import { newDatabase, testOfPostgres } from "../support/postgres/database.ts";
import { newFolder } from "../support/scoped.ts";
import { runCommand } from "../support/server.ts";

const HOUR = Math.floor(START_MS / HOUR_MS);

async function hourly(ledger: Ledger): Promise<readonly string[]> {
  const by = ["product", "customer", "dimension", "region"] as const;
  const { usage } = await ledger.sums({ usage: [{ fromHour: 0, toHour: HOUR * 2, by, grain: "hour" }] });
  return (usage[0] ?? []).map(({ hour, dimension, amount }) => `${hour - HOUR} ${dimension} ${amount}`).toSorted();
}

/** Usage of two days in a ledger on a disk. Of the first, nothing is left but sums. */
async function ledgerWithExpired(): Promise<{ readonly made: LedgerUnderTest; readonly data: string }> {
  const data = join(newFolder(), "data");
  const made = await ledgerOver(
    () => openSqliteEngine(data),
    () => {},
  );
  onTestFinished(() => made.remove());
  await made.ledger.transact(meter([sent({ quantity: 5 }), sent({ dimension: "calls", quantity: 7 })]));
  made.clock.moveTo(START_MS + 24 * HOUR_MS);
  await made.ledger.transact(meter([sent({ timestampMs: START_MS + 24 * HOUR_MS, quantity: 11 })]));
  expect(await made.ledger.expire(newCall, START_MS + HOUR_MS)).toBe(1);
  expect(await hourly(made.ledger)).toEqual(["0 calls 7", "0 gb 5", "24 gb 11"]);
  return { made, data };
}

test.each([
  ["another amount", "UPDATE day_sum SET h12 = h12 + 1 WHERE dimension = (SELECT id FROM name WHERE text = 'gb')"],
  ["a row less", "DELETE FROM day_sum WHERE day = (SELECT max(day) FROM day_sum)"],
  ["another customer", "UPDATE name SET text = 'account:1' WHERE text LIKE 'account:%'"],
  ["another count", "UPDATE tally SET records = records + 1"],
])("in SQLite, %s is found by store verify", async (_what, sql) => {
  const { made, data } = await ledgerWithExpired();
  await made.ledger.close();
  const verify = (): ReturnType<typeof runCommand> => runCommand(["store", "verify", "--store", `sqlite:${data}`]);
  expect(await verify()).toMatchObject({ code: 0, stderr: "" });
  const sums = new DatabaseSync(join(data, "sums.db"));
  sums.exec(sql);
  sums.close();
  const { code, stderr } = await verify();
  expect(code).toBe(1);
  expect(stderr).toContain("The sums beside it do not agree with its entries.");
  expect(stderr).toContain("Delete sums.db while no server runs: it is made anew.");
});

test("in SQLite, sums that cannot be read are said so, and sums of another version are not looked at", async () => {
  const { made, data } = await ledgerWithExpired();
  await made.ledger.close();
  const verify = (): ReturnType<typeof runCommand> => runCommand(["store", "verify", "--store", `sqlite:${data}`]);
  const sums = new DatabaseSync(join(data, "sums.db"));
  sums.exec("DELETE FROM tally; PRAGMA user_version = 99");
  sums.close();
  expect(await verify()).toMatchObject({ code: 0, stderr: "" });
  writeFileSync(join(data, "sums.db"), "no database, and longer than the head of one: ".repeat(40));
  const { code, stderr } = await verify();
  expect(code).toBe(1);
  expect(stderr).toContain("The sums beside it cannot be read: the file is damaged. Delete sums.db");
});

testOfPostgres()(
  "what has expired goes along when a ledger is copied into PostgreSQL, and is verified there",
  async () => {
    const { made, data } = await ledgerWithExpired();
    const before = await hourly(made.ledger);
    await made.ledger.close();
    const database = await newDatabase();
    onTestFinished(() => database.remove());
    const source = await openLedgerSource(data);
    await copyLedger(source, database.url, { ...realWorld, again: false });
    source.close();
    const { ledger } = await openAt(database.url, { wallMs: () => START_MS + 25 * HOUR_MS });
    onTestFinished(() => ledger.close());
    expect(await hourly(ledger)).toEqual(before);
    await ledger.transact(meter([sent({ timestampMs: START_MS + 25 * HOUR_MS, quantity: 13 })]));
    expect(await hourly(ledger)).toEqual([...before, "25 gb 13"].toSorted());
    const disagreement = async (): Promise<string | undefined> =>
      (await verifyAt(database.url, realWorld)).disagreement;
    expect(await disagreement()).toBeUndefined();
    for (const [sql, back] of [
      ["UPDATE countinghouse.usage_sum SET h12 = h12 + 1 WHERE dimension = 'gb'", "h12 - 1 WHERE dimension = 'gb'"],
      ["UPDATE countinghouse.usage_sum SET h12 = NULL WHERE dimension = 'calls'", "7 WHERE dimension = 'calls'"],
    ] as const) {
      await database.query(sql);
      expect(await disagreement()).toMatch(/^The sums beside the entries do not agree with them\. Of 2026-03-1/);
      await database.query(`UPDATE countinghouse.usage_sum SET h12 = ${back}`);
      expect(await disagreement()).toBeUndefined();
    }
    await database.query("UPDATE countinghouse.tally SET records = records + 1");
    expect(await disagreement()).toContain("they count otherwise than the entries");
    await database.query("UPDATE countinghouse.sums SET is_begun = false");
    expect(await hourly(ledger)).toEqual([...before, "25 gb 13"].toSorted());
    expect(await disagreement()).toBeUndefined();
  },
);
