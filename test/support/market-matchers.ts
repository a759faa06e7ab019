/** The test kit's matchers for `expect`, in suites that import this. */
import { matchers, type MarketMatchers } from "countinghouse/testkit/matchers";
import { expect } from "vitest";

declare module "vitest" {
  // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unused-vars -- that is how it is extended
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends MarketMatchers<R> {}
}

expect.extend(matchers);
