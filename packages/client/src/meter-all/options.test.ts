import { expect, test } from "vitest";
import { checkOptions, type MeterAllOptions } from "./options.ts";

test.each<[MeterAllOptions]>([
  [{}],
  [{ concurrency: 1, resendsMax: 0, requestsPerSecond: 0.001, ruleSet: "service", sameKey: "sum" }],
  [{ ruleSet: "classic", sameKey: "refuse", requestsPerSecond: 1e9 }],
])("%j makes sense", (options) => {
  expect(() => checkOptions(options)).not.toThrow();
});

test.each<[object, string]>([
  [{ concurrency: 0 }, "concurrency must be a whole number from 1 on; it is 0."],
  [{ concurrency: 1.5 }, "concurrency must be a whole number from 1 on; it is 1.5."],
  [{ resendsMax: -1 }, "resendsMax must be a whole number from 0 on; it is -1."],
  [{ requestsPerSecond: 0.0009 }, "requestsPerSecond must be a finite number from 0.001 on; it is 0.0009."],
  [{ requestsPerSecond: Infinity }, "requestsPerSecond must be a finite number from 0.001 on; it is Infinity."],
  [{ ruleSet: "none" }, "it is none."],
  [{ sameKey: "keep" }, "sameKey must be one of sum, refuse; it is keep."],
])("%j is refused", (options, message) => {
  expect(() => checkOptions(options)).toThrow(message);
});
