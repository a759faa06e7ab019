/** Holds sockets for `threaded-server.ts`: the product's own listener, with requests handed over to another thread. */
import type { AddressInfo } from "node:net";
import { parentPort, type MessagePort } from "node:worker_threads";
import { Connections } from "../../packages/server/src/listener/connections/connections.ts";
import { createListener } from "../../packages/server/src/listener/listener.ts";
import { SourceAddresses } from "../../packages/server/src/listener/connections/source-address.ts";
import type { WireRequest, WireResponse } from "../../packages/server/src/listener/message.ts";
import { realWorld } from "../../packages/server/src/world.ts";

export interface HandedOver {
  readonly id: number;
  readonly request: WireRequest;
}

export interface HandedBack {
  readonly id: number;
  readonly response: WireResponse;
}

const port = parentPort as MessagePort;
const waiting = new Map<number, (response: WireResponse) => void>();
let last = 0;

const nothing = (): void => undefined;
const server = createListener({
  requestTimeoutMs: 30_000,
  connections: new Connections({
    sources: new SourceAddresses(undefined),
    networkMax: 4_096,
    patienceSeconds: 30,
    every: realWorld.every,
    onRefused: nothing,
    onMadeWay: nothing,
    onGivenUp: nothing,
  }),
  route: () => false,
  wire: (request) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      port.postMessage({ id: last, request } satisfies HandedOver);
    }),
  busy: () => ({ status: 429, headers: {}, body: "" }),
  withheld: () => ({ status: 500, headers: {}, body: "" }),
  refuse: nothing,
});

port.on("message", (message: HandedBack | { readonly listen: number }) => {
  if ("listen" in message) {
    server.listen({ port: message.listen, host: "127.0.0.1", reusePort: true }, () => {
      port.postMessage({ port: (server.address() as AddressInfo).port });
    });
    return;
  }
  waiting.get(message.id)?.(message.response);
  waiting.delete(message.id);
});
