/** Holds sockets for `threaded-server.ts`: the product's own listener, with requests handed over to another thread. */
import type { AddressInfo } from "node:net";
import { parentPort, type MessagePort } from "node:worker_threads";
import { createListener } from "../../packages/server/src/http/listener.ts";
import type { WireRequest, WireResponse } from "../../packages/server/src/http/wire-message.ts";

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

const server = createListener({
  requestTimeoutMs: 30_000,
  route: () => false,
  wire: (request) =>
    new Promise((resolve) => {
      last += 1;
      waiting.set(last, resolve);
      port.postMessage({ id: last, request } satisfies HandedOver);
    }),
  busy: () => ({ status: 429, headers: {}, body: "" }),
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
