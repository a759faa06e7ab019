/** The test kit's matchers, with their types for Vitest: `expect.extend(matchers)`. */
import type { MarketMatchers } from "countinghouse/testkit/matchers";

export { matchers } from "countinghouse/testkit/matchers";

declare module "vitest" {
  // oxlint-disable-next-line typescript/no-empty-object-type, typescript/no-unused-vars -- that is how it is extended
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends MarketMatchers<R> {}
}
