import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { migrate } from "./migrations.ts";
import { Names } from "./names.ts";

function fresh(): { readonly db: DatabaseSync; readonly names: Names } {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  migrate(db);
  return { db, names: new Names(db) };
}

test("a name gets a number on first use, and keeps it", () => {
  const { db, names } = fresh();
  expect(names.find("gb")).toBeUndefined();
  const number = names.number("gb");
  expect(names.number("calls")).not.toBe(number);
  expect([names.number("gb"), names.find("gb"), names.text(number)]).toEqual([number, number, "gb"]);
  expect([new Names(db).find("gb"), new Names(db).text(number)]).toEqual([number, "gb"]);
});

test("names that differ in case, form or white space are different names", () => {
  const { names } = fresh();
  const texts = ["gb", "GB", " gb", "gb ", "é", "e\u0301", "", "🧾"];
  const numbers = texts.map((text) => names.number(text));
  expect(new Set(numbers).size).toBe(texts.length);
  expect(numbers.map((number) => names.text(number))).toEqual(texts);
});

test("numbers that were given in a transaction that was rolled back were never given", () => {
  const { db, names } = fresh();
  const kept = names.number("kept");
  db.exec("BEGIN");
  const lost = names.number("lost");
  db.exec("ROLLBACK");
  names.forget();
  expect(names.find("lost")).toBeUndefined();
  expect(names.find("kept")).toBe(kept);
  expect(names.number("other")).toBe(lost);
  expect(names.text(lost)).toBe("other");
  expect(names.number("lost")).not.toBe(lost);
});
