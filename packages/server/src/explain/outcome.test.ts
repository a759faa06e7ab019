/** The sentence of a call of several records names each rule by which one of them was not taken. */
import { expect, test } from "vitest";
import { newCall } from "../../testing/contract/works.ts";
import type { DecidedRecord } from "../ledger/entry.ts";
import { outcomeOf } from "./outcome.ts";

const usageRecord = { timestampMs: 0, dimension: "gb", customerIdentifier: "one" };
const record = (over: Partial<DecidedRecord>): DecidedRecord => ({
  usageRecord,
  status: "CustomerNotSubscribed",
  ...over,
});

test.each<[readonly DecidedRecord[], string]>([
  [[record({ rule: "G3" }), record({ rule: "G4" })], "2 of a customer who is not subscribed (Rules G3, G4)."],
  [[record({ rule: "G4" }), record({ rule: "G4" })], "2 of a customer who is not subscribed (Rule G4)."],
  // As earlier versions kept them.
  [[record({})], "1 of a customer who is not subscribed (Rule G1)."],
])("%j", (records, reason) => {
  const event = { kind: "usage-metered", productCode: "p", records } as const;
  expect(outcomeOf({ atMs: 0, call: newCall(), event }).reason).toContain(`not accepted: ${reason}`);
});
