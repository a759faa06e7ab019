import { expect, test } from "vitest";
import { FaultError } from "./ledger.ts";
import { Standstill } from "./standstill.ts";

function setup(): { readonly standstill: Standstill; readonly at: { ms: number } } {
  const at = { ms: 1_000 };
  return { standstill: new Standstill(() => at.ms), at };
}

const full = new FaultError("The ledger could not be written: there is no space left on its disk", undefined);

test("a ledger without work stands nowhere, however long that lasts", () => {
  const { standstill, at } = setup();
  at.ms += 1_000_000;
  expect(standstill.why).toBeUndefined();
  standstill.onWork();
  standstill.onCommitted(0);
  at.ms += 1_000_000;
  expect(standstill.why).toBeUndefined();
});

test("work that was decided and not to be kept is no standstill", () => {
  const { standstill, at } = setup();
  standstill.onWork();
  standstill.onIdle();
  at.ms += 5_000;
  expect(standstill.why).toBeUndefined();
});

test("a commit that does not end is one after five seconds", () => {
  const { standstill, at } = setup();
  standstill.onWork();
  at.ms += 4_999;
  standstill.onWork();
  expect(standstill.why).toBeUndefined();
  at.ms += 1;
  expect(standstill.why).toBe("nothing could be committed for 5 seconds. A commit is under way, and does not end.");
  standstill.onCommitted(3);
  expect(standstill.why).toBeUndefined();
  at.ms += 5_000;
  expect(standstill.why).toContain("for 5 seconds");
});

test("commits that fail are one, with the cause, until one is made, by whomever", () => {
  const { standstill, at } = setup();
  standstill.onWork();
  standstill.onFailed(full);
  standstill.onIdle();
  expect([standstill.why, standstill.isToBeProbed]).toEqual([undefined, false]);
  at.ms += 5_000;
  expect(standstill.why).toBe(`nothing could be committed for 5 seconds. ${full.message}`);
  expect(standstill.isToBeProbed).toBe(true);
  // A failing commit of real work tells more than a probe, because a probe takes less room.
  standstill.onWork();
  standstill.onFailed(full);
  expect(standstill.isToBeProbed).toBe(false);
  at.ms += 1_000;
  expect(standstill.isToBeProbed).toBe(true);
  standstill.onCommitted(0);
  expect([standstill.why, standstill.isToBeProbed]).toEqual([undefined, false]);
});
