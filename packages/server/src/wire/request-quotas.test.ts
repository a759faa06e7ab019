import { awsRegions, awsRequestQuotas } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { RequestQuotas } from "./request-quotas.ts";

const CALLER = { accountId: "111122223333", region: "us-east-1" };

function quotasAt(startMs = 0): { quotas: RequestQuotas; advance: (ms: number) => void } {
  let nowMs = startMs;
  const quotas = new RequestQuotas({ quotas: awsRequestQuotas, monotonicMs: () => nowMs });
  return { quotas, advance: (ms) => (nowMs += ms) };
}

/** How many of these simultaneous requests are accepted. */
function taken(quotas: RequestQuotas, operation: string, requests: number, caller = CALLER): number {
  const refusals = Array.from({ length: requests }, () => quotas.take(caller, operation));
  return refusals.filter((refusal) => refusal === undefined).length;
}

test.each([
  ["BatchMeterUsage", 10, "Q2"],
  ["MeterUsage", 10, "Q2"],
  ["RegisterUsage", 5, "Q3"],
] as const)("Rules Q2 and Q3: %s has a second's worth at once, %i requests", (operation, requestsPerSecond, rule) => {
  const { quotas } = quotasAt(1_234.567_89);
  expect(taken(quotas, operation, 100)).toBe(requestsPerSecond);
  expect(quotas.take(CALLER, operation)).toEqual({
    code: "ThrottlingException",
    rule,
    message: "Rate exceeded",
    compared: { operation, requestsPerSecond },
  });
});

test("an operation that is not listed has no quota", () => {
  const { quotas } = quotasAt();
  expect(taken(quotas, "ResolveCustomer", 1_000)).toBe(1_000);
  expect(quotas.held).toBe(0);
});

test("a bucket refills evenly, and refusals take nothing out of it", () => {
  const { quotas, advance } = quotasAt();
  expect(taken(quotas, "BatchMeterUsage", 50)).toBe(10);
  advance(99.9);
  expect(taken(quotas, "BatchMeterUsage", 5)).toBe(0);
  advance(0.1);
  expect(taken(quotas, "BatchMeterUsage", 5)).toBe(1);
  advance(350);
  expect(taken(quotas, "BatchMeterUsage", 5)).toBe(3);
  advance(60_000);
  expect(taken(quotas, "BatchMeterUsage", 50)).toBe(10);
});

test("accounts, regions and operations have buckets of their own", () => {
  const { quotas } = quotasAt();
  expect(taken(quotas, "BatchMeterUsage", 11)).toBe(10);
  expect(taken(quotas, "MeterUsage", 11)).toBe(10);
  expect(taken(quotas, "BatchMeterUsage", 11, { ...CALLER, region: "eu-west-1" })).toBe(10);
  expect(taken(quotas, "BatchMeterUsage", 11, { ...CALLER, accountId: "444455556666" })).toBe(10);
});

test("regions that AWS does not have share one bucket, so that inventing them gains nothing", () => {
  const { quotas } = quotasAt();
  const invented = Array.from({ length: 60 }, (_, i) =>
    quotas.take({ ...CALLER, region: `aa-aa-${i}` }, "BatchMeterUsage"),
  );
  expect(invented.filter((refusal) => refusal === undefined)).toHaveLength(10);
  expect(taken(quotas, "BatchMeterUsage", 11), "a real region has its own").toBe(10);
});

test("an account has ten regions' worth over all of them", () => {
  const { quotas, advance } = quotasAt();
  const everywhere = (): number =>
    [...awsRegions].reduce((sum, region) => sum + taken(quotas, "BatchMeterUsage", 10, { ...CALLER, region }), 0);
  expect(everywhere()).toBe(100);
  expect(taken(quotas, "BatchMeterUsage", 10, { ...CALLER, accountId: "444455556666" })).toBe(10);
  advance(1_000);
  expect(everywhere()).toBe(100);
});

test("buckets that have not been taken from for a second are dropped", () => {
  const { quotas, advance } = quotasAt();
  for (let i = 0; i < 1_000; i += 1) quotas.take({ ...CALLER, region: `region-${i}` }, "RegisterUsage");
  expect(quotas.held, "of the account, and of all regions that AWS does not have").toBe(2);
  for (let i = 0; i < 1_000; i += 1) quotas.take({ ...CALLER, accountId: `${i}` }, "RegisterUsage");
  expect(quotas.held).toBe(2_002);
  advance(1_000);
  quotas.take(CALLER, "RegisterUsage");
  expect(quotas.held).toBe(2);
});

test("no stretch of time lets through more than its rate and one burst", () => {
  const pauses = fc.array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 300, noNaN: true })), { maxLength: 300 });
  fc.assert(
    fc.property(pauses, (pausesMs) => {
      const { quotas, advance } = quotasAt();
      let passedMs = 0;
      let through = 0;
      for (const pauseMs of pausesMs) {
        advance(pauseMs);
        passedMs += pauseMs;
        if (quotas.take(CALLER, "BatchMeterUsage") === undefined) through += 1;
        expect(through).toBeLessThanOrEqual(10 + passedMs / 100 + 0.01);
      }
    }),
  );
});
