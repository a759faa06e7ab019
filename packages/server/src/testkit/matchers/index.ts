/**
 * `countinghouse/testkit/matchers`: what a test says of a market. Plain functions of no runner: `expect.extend(matchers)` in
 * vitest, jest and bun; elsewhere `assert.ok(seen.pass, seen.message())`.
 */
import { toHaveMetered, toHaveMeteredNothingFor } from "./metered.ts";
import { toHaveRefused } from "./refused.ts";
import { toHaveSeenCalls } from "./seen.ts";

export type { ExpectedCustomer, ExpectedUsage } from "./expected-usage.ts";
export type { MatcherResult } from "./result.ts";
export { toHaveMetered, toHaveMeteredNothingFor } from "./metered.ts";
export { toHaveRefused } from "./refused.ts";
export { toHaveSeenCalls } from "./seen.ts";

/** All of them, for `expect.extend`. */
export const matchers: {
  readonly toHaveMetered: typeof toHaveMetered;
  readonly toHaveMeteredNothingFor: typeof toHaveMeteredNothingFor;
  readonly toHaveRefused: typeof toHaveRefused;
  readonly toHaveSeenCalls: typeof toHaveSeenCalls;
} = { toHaveMetered, toHaveMeteredNothingFor, toHaveRefused, toHaveSeenCalls };

/** What they add to a runner's own, as a type: `declare module "vitest" { interface Matchers<T> extends MarketMatchers<T> {} }`. */
export type MarketMatchers<R> = {
  readonly [Name in keyof typeof matchers]: (typeof matchers)[Name] extends (
    market: unknown,
    ...expected: infer Expected
  ) => unknown
    ? (...expected: Expected) => R
    : never;
};
