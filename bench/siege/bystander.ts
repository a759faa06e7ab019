/** Somebody else, who goes on asking: signed requests on a new connection each, from an address of its own. */
import { request as openRequest } from "node:http";
import { signed, wireRequest } from "../../test/support/raw-client.ts";

export interface Heard {
  readonly asked: number;
  /** With 200. */
  readonly answered: number;
  readonly slowestMs: number;
  /** What came instead, once each. */
  readonly instead: readonly string[];
}

const PAUSE_MS = 20;
const PATIENCE_MS = 20_000;

/** Asks until it is told to stop; answers what it heard. */
export function bystander(endpoint: string, localAddress: string): { stop(): Promise<Heard> } {
  const stopping = new AbortController();
  const heard = { asked: 0, answered: 0, slowestMs: 0 };
  const instead = new Set<string>();
  const done = (async (): Promise<Heard> => {
    while (!stopping.signal.aborted) {
      const startMs = performance.now();
      const outcome = await ask(endpoint, localAddress);
      heard.asked += 1;
      if (outcome === "200") heard.answered += 1;
      else instead.add(outcome);
      heard.slowestMs = Math.max(heard.slowestMs, performance.now() - startMs);
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
    return { ...heard, instead: [...instead] };
  })();
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

function ask(endpoint: string, localAddress: string): Promise<string> {
  const { hostname, port } = new URL(endpoint);
  const { method, path, headers, body } = signed(wireRequest(endpoint, "BatchMeterUsage", { UsageRecords: [], ProductCode: "0abcdefghijklmnopqrstuvwx" })); // prettier-ignore
  return new Promise((resolve) => {
    const outgoing = openRequest({ hostname, port, method, path, headers: { ...headers } as Record<string, string>, localAddress, agent: false, timeout: PATIENCE_MS }); // prettier-ignore
    outgoing.on("response", (incoming) => {
      incoming.resume();
      incoming.on("end", () => resolve(String(incoming.statusCode)));
      incoming.on("error", (error) => resolve(error.message));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", (error) => resolve(error.message));
    outgoing.end(body);
  });
}
