import { expect, test } from "vitest";
import { measuresOf, metricsOf } from "./metrics.ts";

const text = (requests: number, refused: number, seconds: number): string => `
# HELP countinghouse_requests_total Requests on the wire.
countinghouse_requests_total{operation="BatchMeterUsage",code="ok"} ${requests}
countinghouse_requests_total{operation="BatchMeterUsage",code="ThrottlingException"} ${refused}
countinghouse_request_seconds_sum{operation="BatchMeterUsage"} ${seconds}
countinghouse_request_seconds_count{operation="BatchMeterUsage"} ${requests + refused}
countinghouse_queued_requests 4
process_resident_memory_bytes 1048576
`;

const measured = (...texts: readonly string[]): ReadonlyMap<string, readonly (number | undefined)[]> => {
  const readings = texts.map((one, i) => metricsOf(one, i * 5_000).reading);
  return new Map(measuresOf(readings).map(({ name, values }) => [name, values]));
};

test("counters are told as rates and means between two readings", () => {
  const measures = measured(text(10, 0, 1), text(60, 10, 1.6), text(60, 10, 1.6));
  expect(measures.get("Requests")).toEqual([12, 0]);
  expect(measures.get("Refused")).toEqual([2, 0]);
  expect(measures.get("Time to an answer")?.map((value) => value?.toFixed(3))).toEqual(["10.000", undefined]);
  expect(measures.get("Waiting for a commit")).toEqual([4, 4, 4]);
});

test("one reading says no rate, and a server that has started anew counts from nothing", () => {
  expect(measured(text(10, 0, 1)).get("Requests")).toEqual([]);
  expect(measured(text(100, 0, 1), text(20, 5, 1)).get("Requests")).toEqual([5]);
});
