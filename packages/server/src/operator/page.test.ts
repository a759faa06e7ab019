import { describe, expect, test } from "vitest";
import { InvalidCursorError } from "../ledger/ledger.ts";
import { pageOf } from "./page.ts";

interface Item {
  readonly id: string;
  state: "open" | "closed";
}

const items = (...ids: readonly string[]): Item[] => ids.map((id) => ({ id, state: "open" }));

/** Reads page after page; `between` changes the list. */
function read(
  all: Item[],
  limit: number,
  between: (shown: readonly Item[]) => void,
  isMeant?: (item: Item) => boolean,
): string[] {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const page = pageOf(all, { cursor, limit }, { idOf: ({ id }) => id, ...(isMeant && { isMeant }) });
    ids.push(...page.items.map(({ id }) => id));
    between(page.items);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return ids;
}

describe("no item is skipped or shown twice", () => {
  test("where what was shown is not meant any more", () => {
    const all = items("a", "b", "c", "d", "e");
    const close = (shown: readonly Item[]): void => {
      for (const item of all) if (shown.includes(item)) item.state = "closed";
    };
    expect(read(all, 2, close, ({ state }) => state === "open")).toEqual(["a", "b", "c", "d", "e"]);
  });

  test("where others come in front", () => {
    const all = items("a", "b", "c", "d");
    expect(read(all, 1, () => void all.unshift(...items(`new ${all.length}`)))).toEqual(["a", "b", "c", "d"]);
  });

  test("where what was shown last is gone", () => {
    const all = items("a", "b", "c", "d");
    expect(read(all, 1, ([shown]) => void all.splice(all.indexOf(shown as Item), 1))).toEqual(["a", "b", "c", "d"]);
  });
});

test("an id of any length has a cursor that can be sent", () => {
  const all = items("\u{1f4b0}".repeat(255), "b");
  const { nextCursor = "" } = pageOf(all, { limit: 1 }, { idOf: ({ id }) => id });
  expect(nextCursor.length).toBeLessThan(100);
});

test.each([
  "",
  "1",
  "x",
  "1.",
  "-1.abcdefghijklmnopqrstuv",
  "99999999999999999.abcdefghijklmnopqrstuv",
  "1.abcdefghijklmnopqrstuv%",
])("a cursor like %j is none", (cursor) => {
  expect(() => pageOf(items("a"), { cursor, limit: 1 }, { idOf: ({ id }) => id })).toThrow(InvalidCursorError);
});
