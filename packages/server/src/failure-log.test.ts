import { expect, test } from "vitest";
import { failureLog, type FailureLog } from "./failure-log.ts";

interface Line {
  readonly message: string;
  readonly why?: string;
  readonly count?: number;
  readonly requestId?: string;
  readonly err?: Error;
}

function setup(): { readonly failures: FailureLog; readonly lines: Line[]; readonly second: () => void } {
  const lines: Line[] = [];
  let tick: (() => void) | undefined;
  const failures = failureLog(
    { error: (details, message) => lines.push({ ...details, message }) },
    {
      every: (_ms, run) => {
        tick = run;
        return () => (tick = undefined);
      },
    },
  );
  return { failures, lines, second: () => tick?.() };
}

const full = (): Error => new Error("disk full");

test("the first of a kind is told at once, with the place it came from; those after it once a second, with a count", () => {
  const { failures, lines, second } = setup();
  const first = full();
  failures.note(first, "r1");
  expect(lines).toEqual([{ err: first, requestId: "r1", message: "request failed" }]);
  for (let i = 2; i <= 1_000; i += 1) failures.note(full(), `r${i}`);
  expect(lines).toHaveLength(1);
  second();
  expect(lines[1]).toEqual({ why: "Error: disk full", count: 999, requestId: "r1000", message: "requests failed" });
  failures.note(full(), "r1001");
  second();
  expect(lines[2]).toMatchObject({ count: 1, requestId: "r1001" });
  // After a second without failures, the next one counts as a first one.
  second();
  expect(lines).toHaveLength(3);
  failures.note(full(), "r1002");
  expect(lines[3]).toMatchObject({ message: "request failed", requestId: "r1002" });
});

test("kinds are told apart, as far as there are not too many; nothing is left untold at the end", () => {
  const { failures, lines, second } = setup();
  for (let i = 0; i < 200; i += 1) failures.note(new Error(`file ${i}`), `r${i}`);
  expect(lines).toHaveLength(51);
  failures.stop();
  expect(lines.at(-1)).toEqual({ why: "other failures", count: 149, requestId: "r199", message: "requests failed" });
  second();
  expect(lines).toHaveLength(52);
});
