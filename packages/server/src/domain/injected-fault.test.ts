import { describe, expect, test } from "vitest";
import { setAside, type FaultHit } from "./injected-fault.ts";

const RECORDS = ["a", "b", "c"];
const unprocessed = (records?: number): FaultHit[] => [{ faultId: "f", kind: "unprocessed", records }];

describe("Rule F1: records that a fault gives back", () => {
  test.each<[FaultHit[] | undefined, string[], string[]]>([
    [undefined, RECORDS, []],
    [[{ faultId: "f", kind: "delay", delayMs: 1 }], RECORDS, []],
    [unprocessed(), [], RECORDS],
    [unprocessed(1), ["a", "b"], ["c"]],
    [unprocessed(3), [], RECORDS],
    [unprocessed(25), [], RECORDS],
    [[{ faultId: "f", kind: "delay", delayMs: 1 }, ...unprocessed(2)], ["a"], ["b", "c"]],
  ])("with %j, %j are decided and %j come back", (faults, decided, back) => {
    expect(setAside(RECORDS, faults)).toEqual([decided, back]);
  });
});
