/**
 * Countinghouse's wire with its sockets on threads of their own: an experiment, put together of the product's parts for
 * `second-core.ts` alone. Arguments: data folder, catalogue file, ready file, threads.
 */
import { writeFileSync } from "node:fs";
import { Worker } from "node:worker_threads";
import { EventPages } from "../../packages/server/src/audit/event-pages.ts";
import { RequestQuotas } from "../../packages/server/src/wire/request-quotas.ts";
import { UnkeptCalls } from "../../packages/server/src/operations/unkept-calls.ts";
import { WireHandler } from "../../packages/server/src/wire/wire-handler.ts";
import { wireOperations } from "../../packages/server/src/wire/wire-operations.ts";
import { Authenticator } from "../../packages/server/src/identity/authenticator.ts";
import { pageTokensOf } from "../../packages/server/src/identity/page-tokens.ts";
import { requestId } from "../../packages/server/src/ledger/ids.ts";
import { createMetrics } from "../../packages/server/src/metrics.ts";
import { openLedger } from "../../packages/server/src/open-ledger.ts";
import { realWorld as world } from "../../packages/server/src/world.ts";
import type { HandedOver, HandedBack } from "./socket-thread.ts";
import { benchConfig } from "./config.ts";

const [folder = "", catalog = "", readyFile = "", threads = "1"] = process.argv.slice(2);
const config = benchConfig(folder, catalog);
const metrics = createMetrics(world.monotonicMs, {
  queued: () => 0,
  connections: () => 0,
  heldBytes: () => 0,
  stuckProducts: () => 0,
  freeBytes: () => undefined,
  logBytes: () => undefined,
});
const { ledger, sealer } = await openLedger(config, world, metrics);
const newCall = (operation: string): Parameters<UnkeptCalls["noteRefused"]>[0] => ({
  requestId: requestId(world.wallMs(), world.uuid()),
  operation,
  principal: "operator",
  sourceAddress: "",
  userAgent: "bench",
});
const handler = new WireHandler({
  operations: wireOperations(
    ledger,
    () => undefined,
    pageTokensOf(sealer),
    new EventPages(ledger, world.schedule),
    () => Promise.reject(new Error("Nothing registers here.")),
  ),
  authenticator: new Authenticator({ catalogue: () => ledger.catalogue, sealer, wallMs: world.wallMs }),
  quotas: new RequestQuotas({ quotas: config.quotas, monotonicMs: world.monotonicMs }),
  unkept: new UnkeptCalls({ ledger, wallMs: world.wallMs, newCall }),
  ledger,
  newRequestId: () => requestId(world.wallMs(), world.uuid()),
  wallMs: world.wallMs,
  onError: (error) => console.error(error),
});

const sockets = await Promise.all(Array.from({ length: Number(threads) }, socketThread));
const [first] = sockets;
// All listen on one port, which the first one found; the system spreads connections over them.
for (const { port } of sockets.slice(1)) port.postMessage({ listen: first?.at });
writeFileSync(readyFile, JSON.stringify({ port: first?.at }));
process.on("SIGTERM", () => void ledger.close().then(() => process.exit(0)));

function socketThread(_: unknown, i: number): Promise<{ port: Worker; at: number }> {
  const port = new Worker(new URL("socket-thread.ts", import.meta.url), {
    execArgv: ["--conditions=@countinghouse/source"],
  });
  return new Promise((resolve) => {
    if (i === 0) port.postMessage({ listen: 0 });
    else resolve({ port, at: 0 });
    port.on("message", (message: HandedOver | { port: number }) => {
      if ("port" in message) {
        resolve({ port, at: message.port });
        return;
      }
      const { id, request } = message;
      void handler
        .handle({
          ...request,
          body: Buffer.from(request.body.buffer, request.body.byteOffset, request.body.byteLength),
        })
        .then((response) => port.postMessage({ id, response } satisfies HandedBack));
    });
  });
}
