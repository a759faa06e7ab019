import { DatabaseSync } from "node:sqlite";
import { expect, onTestFinished, test } from "vitest";
import { migrate } from "./migrations.ts";
import { Names, NewNames } from "./names.ts";

function fresh(): { readonly db: DatabaseSync; readonly names: Names; readonly newNames: () => NewNames } {
  const db = new DatabaseSync(":memory:");
  onTestFinished(() => db.close());
  migrate(db);
  const names = new Names(db);
  return { db, names, newNames: () => new NewNames(names.newest(), names) };
}

function keep(db: DatabaseSync, { first, texts }: NewNames): void {
  const insert = db.prepare("INSERT INTO name (id, text) VALUES (?, ?)");
  texts.forEach((text, i) => insert.run(first + i, text));
}

test("a name gets a number on first use, and keeps it", () => {
  const { db, names, newNames } = fresh();
  expect(names.find("gb")).toBeUndefined();
  const given = newNames();
  const number = given.number("gb");
  expect(given.number("calls")).not.toBe(number);
  expect(given.number("gb")).toBe(number);
  keep(db, given);
  expect([newNames().number("gb"), names.find("gb"), names.text(number)]).toEqual([number, number, "gb"]);
  expect([new Names(db).find("gb"), new Names(db).text(number)]).toEqual([number, "gb"]);
});

test("names that differ in case, form or white space are different names", () => {
  const { db, names, newNames } = fresh();
  const texts = ["gb", "GB", " gb", "gb ", "é", "e\u0301", "", "🧾"];
  const given = newNames();
  const numbers = texts.map((text) => given.number(text));
  expect(new Set(numbers).size).toBe(texts.length);
  keep(db, given);
  expect(numbers.map((number) => names.text(number))).toEqual(texts);
});

test("numbers that were given for a group that was not kept were never given", () => {
  const { db, names, newNames } = fresh();
  const first = newNames();
  const kept = first.number("kept");
  keep(db, first);
  const lost = newNames().number("lost");
  expect(names.find("lost")).toBeUndefined();
  expect(names.find("kept")).toBe(kept);
  const second = newNames();
  expect(second.number("other")).toBe(lost);
  keep(db, second);
  expect(names.text(lost)).toBe("other");
  expect(newNames().number("lost")).not.toBe(lost);
});
