/** Which works form a group, and which groups are begun beside each other. */
import { describe, expect, test } from "vitest";
import { look, meter, newCall, sent } from "../../../../testing/contract/works.ts";
import type { Work } from "../../../ledger/ledger.ts";
import { WaitingWork, type Group } from "./waiting-work.ts";

const WORKS_MAX = 100;

function add(waiting: WaitingWork, count: number, work: () => Work<unknown>, reset = false): void {
  for (let i = 0; i < count; i += 1) {
    waiting.add({ work: work(), reset, resolve: () => undefined, reject: () => undefined }, 0);
  }
}

const ofProduct =
  (offering: string): (() => Work<unknown>) =>
  () =>
    meter([sent({}, { offering })]);
const ofNone = (): Work<unknown> => look(() => undefined, newCall());

function takeAll(waiting: WaitingWork, underWay: Set<Group>): (readonly [string, number])[] {
  const taken: Group[] = [];
  for (;;) {
    const group = waiting.take(underWay, WORKS_MAX);
    if (group === undefined) return taken.map(({ column, works }) => [column, works.length]);
    underWay.add(group);
    taken.push(group);
  }
}

describe("groups", () => {
  test("are about one product each, side by side", () => {
    const waiting = new WaitingWork();
    add(waiting, 2, ofProduct("a"));
    add(waiting, 3, ofProduct("b"));
    add(waiting, 1, ofProduct("a"));
    add(waiting, 2, ofNone);
    expect(takeAll(waiting, new Set())).toEqual([
      ["a", 3],
      ["b", 3],
      ["", 2],
    ]);
    expect(waiting.length).toBe(0);
  });

  test("of one product are begun beside each other where enough waits, but never what is about none", () => {
    const waiting = new WaitingWork();
    const underWay = new Set<Group>();
    add(waiting, 1, ofProduct("a"));
    add(waiting, 1, ofNone);
    takeAll(waiting, underWay);
    add(waiting, 30, ofNone);
    add(waiting, 9, ofProduct("a"));
    expect(takeAll(waiting, underWay)).toEqual([]);
    add(waiting, 1, ofProduct("a"));
    expect(takeAll(waiting, underWay)).toEqual([["a", 10]]);
    expect(waiting.length).toBe(30);
  });

  test("a reset waits for all before it, is alone, and goes before all after it", () => {
    const waiting = new WaitingWork();
    const underWay = new Set<Group>();
    add(waiting, 1, ofProduct("a"));
    add(waiting, 1, ofNone, true);
    add(waiting, 20, ofProduct("b"));
    expect(takeAll(waiting, underWay)).toEqual([["a", 1]]);
    underWay.clear();
    expect(takeAll(waiting, underWay)).toMatchObject([[expect.any(String), 1]]);
    expect(takeAll(waiting, underWay)).toEqual([]);
    underWay.clear();
    expect(takeAll(waiting, underWay)).toEqual([["b", 20]]);
  });
});
