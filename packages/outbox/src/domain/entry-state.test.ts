import { describe, expect, test } from "vitest";
import { decideState, mayBeKept, type Attempt, type AttemptEnd, type EntryFacts, type Times } from "./entry-state.ts";

const NOW = Date.UTC(2026, 10, 10, 12);
const HOUR_MS = 3_600_000;
const END = NOW + 10 * HOUR_MS;

const entry: EntryFacts = {
  state: "frozen",
  hasBody: true,
  latestAtMs: NOW - HOUR_MS,
  windowEndMs: END,
  bornDoubtful: false,
};
const inTime: Times = { serviceMs: NOW, machineMs: NOW };
const over: Times = { serviceMs: END, machineMs: END };
const longOver: Times = { serviceMs: END + HOUR_MS, machineMs: END + HOUR_MS };

let number = 0;
function attempt(end: AttemptEnd | undefined, errorName?: string): Attempt {
  number += 1;
  const endedMs = end === undefined ? undefined : NOW + number;
  const of = {
    entryId: "e",
    callId: "c",
    sender: "s",
    startedMs: NOW + number,
    message: undefined,
    meteringRecordId: undefined,
    requestId: undefined,
  };
  return { ...of, attemptId: String(number), endedMs, end, errorName };
}

/** Ended on a machine whose clock is an hour behind. */
function back(ended: Attempt): Attempt {
  return { ...ended, endedMs: NOW - HOUR_MS };
}

const NOT_SUBSCRIBED = "CustomerNotSubscribed";
const TOO_OLD = "TimestampOutOfBoundsException";
const TAG = "InvalidTagException";

const lost = (): Attempt => attempt("unknown", "ConnectionError");
const open = (): Attempt => attempt(undefined);
const refused = (errorName: string): Attempt => attempt("refused", errorName);
const duplicate = (): Attempt => attempt("duplicate", "DuplicateRecord");

/** [attempts, times, state, why] */
const CASES: readonly (readonly [string, readonly Attempt[], Times, string, string | undefined])[] = [
  ["never sent", [], inTime, "frozen", undefined],
  ["never sent, and over: the service decides", [], over, "frozen", undefined],
  ["never sent, and long over by both clocks", [], longOver, "expired", "too-late"],
  [
    "… but not by this machine's clock alone",
    [],
    { serviceMs: NOW, machineMs: END + 9 * HOUR_MS },
    "frozen",
    undefined,
  ],
  ["… nor by the service's alone", [], { serviceMs: END + 9 * HOUR_MS, machineMs: NOW }, "frozen", undefined],
  [
    "… nor while the service has not told its time",
    [],
    { serviceMs: undefined, machineMs: END + 9 * HOUR_MS },
    "frozen",
    undefined,
  ],
  ["accepted", [attempt("accepted")], inTime, "delivered", undefined],
  ["accepted, whatever comes later", [attempt("accepted"), refused(TOO_OLD), lost()], longOver, "delivered", undefined],
  [
    "accepted late, by a sender that had been stopped",
    [refused(TAG), attempt("accepted")],
    inTime,
    "delivered",
    undefined,
  ],
  ["unprocessed", [attempt("not-kept")], inTime, "frozen", undefined],
  ["lost", [lost()], inTime, "frozen", undefined],
  ["lost, and long over", [lost()], longOver, "doubtful", "too-late"],
  ["under way, and long over", [open()], longOver, "doubtful", "too-late"],
  ["not subscribed", [refused(NOT_SUBSCRIBED)], inTime, "held", NOT_SUBSCRIBED],
  ["not subscribed, at the end", [refused(NOT_SUBSCRIBED)], over, "refused", NOT_SUBSCRIBED],
  ["not subscribed after a lost answer", [lost(), refused(NOT_SUBSCRIBED)], inTime, "doubtful", NOT_SUBSCRIBED],
  ["not subscribed beside one under way", [open(), refused(NOT_SUBSCRIBED)], over, "doubtful", NOT_SUBSCRIBED],
  [
    "an unknown dimension",
    [refused("InvalidUsageDimensionException")],
    inTime,
    "held",
    "InvalidUsageDimensionException",
  ],
  ["a tag that AWS does not take", [refused(TAG)], inTime, "refused", TAG],
  ["a tag, after a lost answer", [lost(), refused(TAG)], inTime, "doubtful", TAG],
  ["too old", [refused(TOO_OLD)], inTime, "expired", TOO_OLD],
  ["too old, after a lost answer", [lost(), refused(TOO_OLD)], over, "doubtful", TOO_OLD],
  [
    "a licence, after a lost answer",
    [lost(), refused("InvalidLicenseException")],
    inTime,
    "doubtful",
    "InvalidLicenseException",
  ],
  ["other usage stands", [duplicate()], inTime, "refused", "DuplicateRecord"],
  [
    "a duplicate, after a lost answer: it may be this one",
    [lost(), duplicate()],
    inTime,
    "doubtful",
    "DuplicateRecord",
  ],
  ["a duplicate beside one under way", [open(), duplicate()], inTime, "doubtful", "DuplicateRecord"],
  ["shown to be kept", [lost(), duplicate(), attempt("shown-kept")], inTime, "delivered", undefined],
  ["shown not to be kept, in time", [lost(), attempt("shown-not-kept")], inTime, "frozen", undefined],
  [
    "shown not to be kept, too late",
    [lost(), refused(TOO_OLD), attempt("shown-not-kept")],
    over,
    "expired",
    "too-late",
  ],
  [
    "shown not to be kept, and refused again",
    [lost(), attempt("shown-not-kept"), refused(NOT_SUBSCRIBED)],
    inTime,
    "held",
    NOT_SUBSCRIBED,
  ],
];

describe("an entry's state is a function of all its attempts, delivered by an id or a proof only (O5)", () => {
  test.each(CASES)("%s", (_name, attempts, times, state, why) => {
    expect(decideState(entry, attempts, times)).toMatchObject({ state, why });
  });

  test("evidence is in the order of the attempts, whatever the clocks say that ended them", () => {
    expect(decideState(entry, [lost(), back(attempt("duplicate"))], inTime)).toMatchObject({ state: "doubtful" });
    expect(decideState(entry, [attempt("not-kept"), back(attempt("duplicate"))], inTime)).toMatchObject({
      state: "refused",
    });
  });

  test("what was taken apart stays so, whatever is learnt of it", () => {
    const apart = { ...entry, state: "dissolved" } as const;
    expect(decideState(apart, [attempt("accepted")], longOver)).toMatchObject({ state: "dissolved" });
  });

  test("one that was born doubtful is never refused or expired without a proof", () => {
    const born = { ...entry, bornDoubtful: true };
    expect(decideState(born, [refused(TAG)], inTime)).toMatchObject({ state: "doubtful" });
    expect(decideState(born, [duplicate()], inTime)).toMatchObject({ state: "doubtful" });
    expect(decideState(born, [], longOver)).toMatchObject({ state: "doubtful" });
    expect(mayBeKept(born, [attempt("shown-not-kept")])).toBe(false);
  });

  test("without a body it is held, and refused at the end of its window", () => {
    const overflow = { ...entry, state: "held", hasBody: false } as const;
    expect(decideState(overflow, [], inTime)).toMatchObject({ state: "held", why: "overflow", nextTryMs: undefined });
    expect(decideState(overflow, [], over)).toMatchObject({ state: "refused", why: "overflow" });
  });

  test("usage that lies ahead of the service's clock is tried again when its time has come", () => {
    const ahead = { ...entry, latestAtMs: NOW + HOUR_MS };
    expect(decideState(ahead, [refused(TOO_OLD)], inTime)).toMatchObject({ state: "frozen", nextTryMs: NOW + 300_000 });
  });

  test("O11: what was refused alone is never again in a batch with others; held ones are tried every half hour, and once before the end", () => {
    expect(decideState(entry, [refused(NOT_SUBSCRIBED)], inTime)).toMatchObject({
      alone: true,
      nextTryMs: NOW + HOUR_MS / 2,
    });
    const near = { serviceMs: END - 600_000, machineMs: END };
    expect(decideState(entry, [refused(NOT_SUBSCRIBED)], near)).toMatchObject({ nextTryMs: END - 120_000 });
    expect(decideState(entry, [refused(NOT_SUBSCRIBED)], { ...near, serviceMs: END - 60_000 })).toMatchObject({
      nextTryMs: undefined,
    });
    expect(decideState(entry, [refused(NOT_SUBSCRIBED), lost()], inTime)).toMatchObject({
      state: "frozen",
      alone: true,
    });
  });

  test("what is undecided is tried again, ever later, up to five minutes", () => {
    const waits = [1, 2, 3, 20].map((count) => {
      const attempts = Array.from({ length: count }, () => attempt("not-kept"));
      return (decideState(entry, attempts, inTime).nextTryMs ?? 0) - NOW;
    });
    expect(waits).toEqual([2_000, 4_000, 8_000, 300_000]);
  });
});
