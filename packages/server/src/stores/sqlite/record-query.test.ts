import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { sent } from "../../../testing/contract/works.ts";
import type { MeteringRecordQuery } from "../../ledger/ledger.ts";
import { migrate } from "./migrations.ts";
import { Names } from "./names.ts";
import { readPointers } from "./record-query.ts";

/** Many more rows than one step looks at. */
const ROWS = 50_000;

test("a step that finds little in many rows comes out short, with a cursor from which the next one goes on", () => {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  migrate(db);
  const names = new Names(db);
  const { key } = sent();
  const numbers = [key.offering, key.region, key.customer, "rare", "common"].map((text, i) => {
    db.prepare("INSERT INTO name (id, text) VALUES (?, ?)").run(i + 1, text);
    return i + 1;
  });
  db.prepare(
    `WITH RECURSIVE hours (hour) AS (SELECT 0 UNION ALL SELECT hour + 1 FROM hours WHERE hour + 1 < ?)
     INSERT INTO metering_record SELECT hour, ?, ?, ?, iif(hour % 20000 = 19999, ?, ?), '', 1, hour + 1, 0 FROM hours`,
  ).run(ROWS, ...numbers);

  const query: MeteringRecordQuery = { fromHour: 0, toHour: ROWS, dimension: "rare", limit: 10 };
  const steps: number[][] = [];
  let cursor: string | undefined;
  do {
    const page = readPointers(db, names, { ...query, cursor });
    steps.push(page.items.map((item) => item.key.hour));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  expect(steps.flat()).toEqual([19_999, 39_999]);
  expect(steps.length).toBeGreaterThan(1);

  // A search for a name that no record has ends at once as well; it does not look through all rows.
  const nothing = readPointers(db, names, { ...query, dimension: "never used" });
  expect(nothing.items).toEqual([]);
  expect(nothing.nextCursor).toBeDefined();
});
