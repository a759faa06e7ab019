/**
 * The service in this process, by the test kit, with the demo catalogue: for suites that look at what it answers. Those that look
 * at its process (flags, files, signals, what it prints) start one: `server.ts`.
 */
import { fileURLToPath } from "node:url";
import { startMarket, type Market, type MarketOptions } from "countinghouse/testkit";
import { onTestFinished } from "vitest";
import { operatorCaller, type Served } from "./server.ts";

/** The file. */
export const DEMO_CATALOGUE: string = fileURLToPath(
  new URL("../../packages/server/src/catalogue/demo.yaml", import.meta.url),
);

export interface DemoMarket extends Served {
  readonly market: Market;
  /** Ends it. */
  stop(): Promise<void>;
}

/**
 * As the command line starts it without flags: with the rule set `classic`, and on a clock that runs, unless `now` says where it
 * is to stand. Refusals are the suite's own business.
 */
export async function demoMarket(options: MarketOptions = {}): Promise<DemoMarket> {
  const clock = options.now === undefined ? "runs" : "stands";
  const defaults = { catalogue: DEMO_CATALOGUE, rules: "classic", unexpectedCalls: "ignore", clock } as const;
  const market = await startMarket({ ...defaults, ...options });
  const { url: endpoint, operatorToken } = market;
  const operatorUrl = `${endpoint}/operator/v1`;
  return {
    market,
    endpoint,
    operatorUrl,
    operatorToken,
    operator: operatorCaller({ operatorUrl, operatorToken }),
    stop: () => market[Symbol.asyncDispose](),
  };
}

/** The same, for one test: ends with it. */
export async function marketOfTest(options: MarketOptions = {}): Promise<DemoMarket> {
  const market = await demoMarket(options);
  onTestFinished(() => market.stop());
  return market;
}
