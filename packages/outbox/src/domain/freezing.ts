/** What an hour comes to: whole units, and what stays in the balance of its month. */
import { QUANTITY_MAX, type RuleSetName, type Tag } from "@countinghouse/protocol";
import { windowEndOf } from "./deadline.ts";
import type { Meter } from "./meter.ts";
import { exactOf, floorDivide, type Exact } from "./quantity.ts";
import { wholeSecond } from "./time.ts";
import { usageRecordBody } from "./usage-record.ts";

export interface FreezingFacts {
  readonly identity: string;
  readonly meter: Meter;
  /** Sending is over by then, whatever the window says: the customer has left. */
  readonly closesMs: number;
  /** Recorded, by tags. */
  readonly parts: readonly { readonly tags: string; readonly sum: Exact }[];
  readonly latestAtMs: number;
  /** Of this identity, dimension and month: a fraction of a unit from hours before, or, below zero, a credit. */
  readonly balance: Exact;
  readonly ruleSet: RuleSetName;
  readonly restTag: Tag;
}

interface Frozen {
  readonly sum: Exact;
  readonly units: bigint;
  /** What the balance is from now on. */
  readonly leftOver: Exact;
  /** `empty`: nothing to send. `held`: more than one record can carry. */
  readonly state: "frozen" | "empty" | "held";
  readonly body: string | undefined;
  readonly deadlineMs: number;
}

export function freeze(facts: FreezingFacts): Frozen {
  const { meter, parts, balance, latestAtMs, ruleSet } = facts;
  const per = exactOf(meter.per);
  const sum = parts.reduce((total, part) => total + part.sum, 0n);
  const whole = sum + balance;
  const units = whole > 0n ? floorDivide(whole, per) : 0n;
  // The latest reading's own second: inside the agreement whenever the reading was, and with the longest time left.
  const timestampMs = wholeSecond(latestAtMs);
  const deadlineMs = Math.min(windowEndOf(timestampMs, ruleSet), facts.closesMs);
  const of = { sum, units, leftOver: whole - units * per, deadlineMs };
  if (units === 0n) return { ...of, state: "empty", body: undefined };
  if (units > BigInt(QUANTITY_MAX)) return { ...of, state: "held", body: undefined };
  const { identity, restTag } = facts;
  const body = usageRecordBody({ identity, dimension: meter.dimension, timestampMs, units, parts, restTag });
  return { ...of, state: "frozen", body };
}
