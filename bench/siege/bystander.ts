/** Another caller, who goes on metering: a usage record a request, on a new connection each time, from its own address. */
import { request as openRequest } from "node:http";
import { signed, wireRequest } from "../../test/support/raw-client.ts";
import { DEMO } from "../../test/support/server.ts";

export interface Heard {
  readonly asked: number;
  /** How many requests were answered with 200. */
  readonly answered: number;
  /** The ids of acknowledged metering records; each request is about another record. */
  readonly acknowledged: readonly string[];
  readonly slowestMs: number;
  /** The other outcomes, each named once. */
  readonly instead: readonly string[];
}

const PAUSE_MS = 20;
const PATIENCE_MS = 20_000;

/** Sends requests until it is stopped; answers what it got. */
export function bystander(endpoint: string, localAddress: string): { stop(): Promise<Heard> } {
  const stopping = new AbortController();
  const heard = { asked: 0, answered: 0, slowestMs: 0 };
  const instead = new Set<string>();
  const acknowledged: string[] = [];
  const done = (async (): Promise<Heard> => {
    while (!stopping.signal.aborted) {
      const startMs = performance.now();
      const { outcome, meteringRecordId } = await ask(endpoint, localAddress);
      heard.asked += 1;
      if (meteringRecordId !== undefined) acknowledged.push(meteringRecordId);
      if (outcome === "200") heard.answered += 1;
      else instead.add(outcome);
      heard.slowestMs = Math.max(heard.slowestMs, performance.now() - startMs);
      await new Promise((resume) => setTimeout(resume, PAUSE_MS));
    }
    return { ...heard, acknowledged, instead: [...instead] };
  })();
  return {
    stop: () => {
      stopping.abort();
      return done;
    },
  };
}

interface Answer {
  readonly outcome: string;
  readonly meteringRecordId?: string | undefined;
}

let asked = 0;

function ask(endpoint: string, localAddress: string): Promise<Answer> {
  const { hostname, port } = new URL(endpoint);
  asked += 1;
  const record = {
    Timestamp: Math.floor(Date.now() / 1_000),
    CustomerIdentifier: DEMO.customers[0],
    Dimension: DEMO.dimensions[0],
    Quantity: asked,
  };
  const input = { ProductCode: DEMO.productCode, UsageRecords: [record] };
  // A region of its own makes it a record of its own (Rule K1).
  const region = `us-siege-${asked}`;
  const { method, path, headers, body } = signed(wireRequest(endpoint, "BatchMeterUsage", input), { region });
  return new Promise((resolve) => {
    const outgoing = openRequest({ hostname, port, method, path, headers: { ...headers } as Record<string, string>, localAddress, agent: false, timeout: PATIENCE_MS }); // prettier-ignore
    outgoing.on("response", (incoming) => {
      let text = "";
      incoming.on("data", (chunk: Buffer) => (text += chunk.toString()));
      incoming.on("end", () => {
        const [, meteringRecordId] = /"MeteringRecordId":"([^"]+)"/.exec(text) ?? [];
        resolve({ outcome: String(incoming.statusCode), meteringRecordId });
      });
      incoming.on("error", (error) => resolve({ outcome: error.message }));
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer")));
    outgoing.on("error", (error) => resolve({ outcome: error.message }));
    outgoing.end(body);
  });
}

/** The ids of acknowledged metering records that are missing, or are there more than once. `operator` is the operator API. */
export async function lostOrTwice(
  acknowledged: readonly string[],
  operator: { readonly url: string; readonly token: string },
): Promise<readonly string[]> {
  const counts = new Map<string, number>();
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ limit: "1000", ...(cursor === undefined ? {} : { cursor }) });
    const response = await fetch(`${operator.url}/metering-records?${query.toString()}`, {
      headers: { authorization: `Bearer ${operator.token}` },
    });
    const page = (await response.json()) as { items: { meteringRecordId: string }[]; nextCursor?: string };
    for (const { meteringRecordId: id } of page.items) counts.set(id, (counts.get(id) ?? 0) + 1);
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return acknowledged.filter((id) => counts.get(id) !== 1);
}
