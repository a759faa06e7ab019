/**
 * The conformance suite, held against clients of which it is known what is right and wrong with them: right ones pass every case,
 * and a wrong one fails the cases that are about its habit, and no others.
 */
import {
  conformanceCases,
  describeConformance,
  runConformance,
  type ConformanceResult,
  type ConformanceRunOptions,
  type ConformanceSubject,
} from "countinghouse/testkit";
import { describe, expect, test } from "vitest";
import { OWN_OPERATIONS, officialClient, ownClient } from "./conforming.ts";
import { swallowing, WRONG_CLIENTS } from "./wrong-clients.ts";

const SUITE_TIMEOUT_MS = 120_000;

async function resultsOf(
  subject: ConformanceSubject,
  options?: ConformanceRunOptions,
): Promise<readonly ConformanceResult[]> {
  const results: ConformanceResult[] = [];
  for await (const result of runConformance(subject, options)) results.push(result);
  return results;
}

const idsOf = (results: readonly ConformanceResult[], outcome: ConformanceResult["outcome"]): string[] =>
  results.filter((one) => one.outcome === outcome).map((one) => one.case.id);

describe("the official client", () => describeConformance(officialClient(), { describe, test }));
describe("@countinghouse/client", () => describeConformance(ownClient, { describe, test, operations: OWN_OPERATIONS }));

describe("a client that", () => {
  test.each(WRONG_CLIENTS)("$habit fails by that alone", { timeout: SUITE_TIMEOUT_MS }, async ({ subject, fails }) => {
    const results = await resultsOf(subject);
    expect(results).toHaveLength(conformanceCases().length);
    expect(idsOf(results, "failed"), JSON.stringify(results.map(({ complaints }) => complaints))).toEqual(fails);
    // What is not judged says of what it waits for.
    for (const { outcome, complaints, case: one } of results) {
      if (outcome !== "not-judged") continue;
      expect(one.needs?.map((id) => `see ${id}, which it needs`)).toEqual(expect.arrayContaining([...complaints]));
    }
  });
});

/** A case about one exception is named by it: `error/MeterUsage/InvalidTagException`. */
const REFUSALS = conformanceCases().flatMap(({ id, operations: [operation] }) => {
  const exception = /^error\/\w+\/(\w+)$/.exec(id)?.[1];
  return exception === undefined || operation === undefined ? [] : [{ id, exception, operation }];
});

describe("a client that takes for a success", () => {
  test.each(REFUSALS)("$exception of $operation fails by that alone", async ({ id, exception, operation }) => {
    const options = { operations: [operation] };
    const results = await resultsOf(swallowing(exception, operation), options);
    expect(results).toHaveLength(conformanceCases(options).length);
    expect(idsOf(results, "failed"), JSON.stringify(results.map(({ complaints }) => complaints))).toEqual([id]);
    const left = results.filter(({ outcome }) => outcome === "not-judged");
    expect(left.filter(({ case: one }) => one.needs?.includes(id) !== true)).toEqual([]);
  });
});

test("every case has been seen to fail, by a client that is wrong in that respect", () => {
  const failed = new Set([...WRONG_CLIENTS.flatMap(({ fails }) => fails), ...REFUSALS.map(({ id }) => id)]);
  const never = conformanceCases().filter(({ id }) => !failed.has(id));
  expect(never.map(({ id }) => id)).toEqual([]);
});
