/** Progress as text, by a clock and into a stream of the test. */
import { expect, test } from "vitest";
import type { WorkProgress } from "../ledger/work-progress.ts";
import { Progress } from "./progress.ts";

interface Shown {
  readonly progress: Progress;
  readonly written: string[];
  readonly clock: { nowMs: number; width: number };
}

function shownOn({
  isTTY = true,
  json = false,
  afterMs = 0,
}: {
  isTTY?: boolean;
  json?: boolean;
  afterMs?: number;
}): Shown {
  const written: string[] = [];
  const clock = { nowMs: 1_000, width: 100 };
  const progress = new Progress({
    stream: { isTTY, write: (text: string) => written.push(text) },
    width: () => clock.width,
    nowMs: () => clock.nowMs,
    json,
    afterMs,
  });
  return { progress, written, clock };
}

const read = (done: number, of = 1_000): WorkProgress => ({ doing: "reading entries", done, of, unit: "entries" });

test("a line has what was done, how fast, and how long it will still take", () => {
  const { progress, written, clock } = shownOn({});
  progress.report(read(0));
  clock.nowMs += 2_000;
  progress.report(read(100));
  expect(written.join("")).toMatch(/Reading entries: 100 of 1000 entries \(10 %\), 50 a second, 18 s left *$/);
  clock.nowMs += 998_000;
  progress.report(read(101));
  expect(written.at(-1)).toMatch(/\(10 %\), 0 a second, 2 h 28 min left *$/);
});

test("a part that was done before it began does not count for the speed", () => {
  const { progress, written, clock } = shownOn({});
  progress.report(read(900));
  clock.nowMs += 1_000;
  progress.report(read(950));
  expect(written.at(-1)).toContain("(95 %), 50 a second, 1 s left");
});

test("bytes are shown in MiB, and what has no end with the time so far", () => {
  const { progress, written, clock } = shownOn({});
  progress.report({ doing: "copying the backup", done: 3 << 20, of: 12 << 20, unit: "bytes" });
  expect(written.at(-1)).toContain("Copying the backup: 3 of 12 MiB (25 %)");
  progress.report({ doing: "counting", done: 0, unit: "records" });
  clock.nowMs += 3_000;
  progress.tick();
  expect(written.at(-1)).toMatch(/Counting: 3 s so far *$/);
  progress.report({ doing: "exporting events", done: 0, share: 0, unit: "events" });
  clock.nowMs += 10_000;
  progress.report({ doing: "exporting events", done: 500, share: 0.25, unit: "events" });
  expect(written.at(-1)).toContain("Exporting events: 500 events (25 %), 50 a second, 30 s left");
});

test("a line is written at most four times a second, is cut at the width, and leaves nothing behind", () => {
  const { progress, written, clock } = shownOn({});
  for (let i = 0; i < 1_000; i += 1, clock.nowMs += 1) progress.report(read(i));
  expect(written).toHaveLength(4);
  clock.width = 20;
  clock.nowMs += 1_000;
  progress.report(read(999));
  expect(written.at(-1)?.trimEnd()).toBe("\rReading entries:");
  progress.end();
  expect(written.at(-1)).toBe(`\r${" ".repeat(19)}\r`);
  progress.end();
  expect(written.at(-1), "once").toBe(`\r${" ".repeat(19)}\r`);
});

test("nothing is written of what is soon done, nor where nobody looks", () => {
  const soon = shownOn({ afterMs: 2_000 });
  soon.progress.report(read(1));
  soon.clock.nowMs += 1_999;
  soon.progress.report(read(2));
  soon.progress.end();
  expect(soon.written).toEqual([]);
  const piped = shownOn({ isTTY: false });
  piped.progress.report(read(1));
  piped.clock.nowMs += 60_000;
  piped.progress.tick();
  piped.progress.end();
  expect(piped.written).toEqual([]);
});

test("lines of JSON come once a second, with the last figures of each piece of work", () => {
  const { progress, written, clock } = shownOn({ isTTY: false, json: true });
  progress.report(read(0));
  for (let done = 1; done <= 1_000; done += 1) {
    clock.nowMs += 3;
    progress.report(read(done));
    progress.tick();
  }
  progress.report({ doing: "counting", done: 0, unit: "records" });
  progress.end();
  const lines = written.map((line) => JSON.parse(line) as WorkProgress);
  expect(lines.map(({ doing, done }) => `${doing} ${done}`)).toEqual([
    "reading entries 0",
    "reading entries 334",
    "reading entries 668",
    "reading entries 1000",
    "counting 0",
  ]);
  expect(lines[1]).toEqual({
    doing: "reading entries",
    done: 334,
    of: 1_000,
    unit: "entries",
    share: 0.33,
    perSecond: 333,
    secondsLeft: 2,
  });
  expect(lines.at(-1)).toEqual({ doing: "counting", done: 0, unit: "records" });
});
