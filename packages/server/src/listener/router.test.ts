import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Gauge, Registry } from "prom-client";
import { expect, onTestFinished, test } from "vitest";
import { CountedResponse } from "./connections/counted-response.ts";
import { createRouter } from "./router.ts";

function unused(): never {
  throw new Error("This is no route of the test.");
}

test("metrics that cannot be read are 500 and told of, once each, and the next reading is answered", async () => {
  const registry = new Registry();
  let isBroken = true;
  registry.registerMetric(
    new Gauge({
      name: "queued",
      help: "Work that waits.",
      registers: [],
      collect() {
        if (isBroken) throw new Error("The ledger is not there.");
        this.set(3);
      },
    }),
  );
  const told: string[] = [];
  const route = createRouter({
    operator: unused,
    description: unused,
    buy: undefined,
    console: undefined,
    container: { path: "/workload/", serve: unused },
    published: () => undefined,
    registry,
    ledger: { catalogue: undefined } as never,
    draining: () => false,
    remarks: () => [],
    onError: (error) => told.push(error.message),
  });
  const server = createServer(
    { ServerResponse: CountedResponse },
    (request, response) => void route(request, response),
  ).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const read = (): Promise<Response> =>
    fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`, { headers: { connection: "close" } });

  const refused = await read();
  expect([refused.status, await refused.text()]).toEqual([500, "The metrics cannot be read.\n"]);
  expect(told).toEqual(["The ledger is not there."]);
  isBroken = false;
  const answered = await read();
  expect([answered.status, await answered.text()]).toEqual([200, expect.stringContaining("queued 3") as string]);
});
