/** Starts a market: the service as it is, with other edges. */
import { once } from "node:events";
import { compose, type AroundWire, type Service } from "../compose.ts";
import { KEEP_ALL } from "../ledger/spare.ts";
import { makeMarket } from "./make-market.ts";
import { loadedSnapshot } from "./loaded-snapshot.ts";
import { marketConfig, snapshotOf } from "./market-config.ts";
import { marketWorld } from "./market-world.ts";
import type { Market, MarketOptions } from "./market.ts";
import { SeenCalls } from "./seen-calls.ts";
import { Settling } from "./settling.ts";
import type { World } from "../world.ts";

/**
 * Starts a market in this process, on a free port of loopback. End it: `await using market = await startMarket()`, or
 * `await market[Symbol.asyncDispose]()`.
 *
 * Throws an Error that says what was expected, for options and catalogues that cannot be.
 */
export function startMarket(options: MarketOptions = {}): Promise<Market> {
  return openMarket(options);
}

/** What stands between a market and the world in place of what does otherwise. */
interface Edges {
  readonly world?: World;
  /** Outermost: sees requests before the market does, and its answers before the caller does. */
  readonly around?: AroundWire;
}

/** `startMarket()` with other edges, for what this package makes of it. */
export async function openMarket(options: MarketOptions, edges: Edges = {}): Promise<Market> {
  const { world = marketWorld(), around = (request, handle) => handle(request) } = edges;
  const snapshot = options.snapshot === undefined ? undefined : await snapshotOf(options.snapshot);
  const config = marketConfig(options, snapshot);
  const calls = new SeenCalls();
  const settling = new Settling();
  const service: Service = await compose({
    config,
    world,
    log: { error: (details, message) => calls.noteTrouble(message, details), warn: () => undefined },
    // A test holds every refusal against what it asked for, however many there are.
    spare: KEEP_ALL,
    aroundWire: (request, handle) => around(request, (passed) => seen(passed, handle)),
  });
  const seen: AroundWire = async (request, handle) => {
    await settling.done();
    const answer = await handle(request);
    // A browser that asks what it may ask.
    if (request.method === "OPTIONS") return answer;
    const requestId = answer.headers["x-amzn-RequestId"];
    const entry = requestId === undefined ? undefined : await service.ledger.entry(requestId);
    calls.note(answer, service.clock.nowMs(), entry);
    return answer;
  };
  try {
    const loaded = snapshot === undefined ? undefined : await loadedSnapshot(service, snapshot, options.now);
    service.server.listen(config.port, config.host);
    await once(service.server, "listening");
    return makeMarket({ service, config, calls, settling, options, loaded });
  } catch (error) {
    await service.close();
    throw error;
  }
}
