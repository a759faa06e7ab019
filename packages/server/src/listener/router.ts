/**
 * Chooses by path what a request is for: the operator API, a task's credentials, the buy page, the console, public keys, health
 * and metrics, or the wire.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { isDecodable } from "@countinghouse/protocol";
import type { Registry } from "prom-client";
import type { Ledger } from "../ledger/ledger.ts";
import type { CountedResponse } from "./connections/counted-response.ts";
import { allowOrigin } from "./cross-origin.ts";
import { send } from "./listener.ts";
import { isRpcMessage, tellProtocol } from "./rpc-request.ts";
import type { WireResponse } from "./message.ts";

interface RouterOptions {
  readonly operator: (request: IncomingMessage, response: ServerResponse) => void;
  /** The operator API's description, which needs no token. */
  readonly description: () => Uint8Array;
  /** The buy page; undefined outside a lab. */
  readonly buy: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  /** The console; undefined where it is not wanted. */
  readonly console: ((request: IncomingMessage, response: CountedResponse) => void) | undefined;
  /** Serves tasks that ask for their credentials, below a path of their own. */
  readonly container: {
    readonly path: string;
    readonly serve: (request: IncomingMessage, response: ServerResponse) => void;
  };
  /** What can be read at a path without a signature; undefined where nothing is published. */
  readonly published: (path: string) => WireResponse | undefined;
  readonly registry: Registry;
  readonly ledger: Ledger;
  /** Remarks for the operator about a server that is ready. */
  readonly remarks: () => readonly string[];
  /** Whether the server has begun to shut down. */
  readonly draining: () => boolean;
  /** Called where the metrics cannot be read. */
  readonly onError: (error: Error) => void;
}

type Route = (request: IncomingMessage, response: CountedResponse) => boolean;

/** Answers whether it took the request; the others are for the wire. */
export function createRouter(options: RouterOptions): Route {
  return (request, response) => {
    const path = pathOf(request);
    if (path !== "/" && !isDecodable(path)) {
      answerPlain(request, response, 400, "The path is not percent-encoded text");
      return true;
    }
    if (path.startsWith("/operator/")) {
      if (!response.hasRoom(1)) refuseBusy(request, response);
      else if (path === "/operator/openapi.json" && request.method === "GET") {
        request.resume();
        const description = options.description();
        response.writeHead(200, { "Content-Type": "application/json", "Content-Length": description.length });
        response.end(description);
      } else options.operator(request, response);
      return true;
    }
    if (path.startsWith(options.container.path)) {
      options.container.serve(request, response);
      return true;
    }
    if (isWire(request, path)) return false;
    if (options.buy !== undefined && (path === "/buy" || path.startsWith("/buy/"))) {
      options.buy(request, response);
      return true;
    }
    if (options.console !== undefined && (path === "/console" || path.startsWith("/console/"))) {
      options.console(request, response);
      return true;
    }
    request.resume();
    if (request.method === "GET" && path === "/metrics") {
      void answerMetrics(response, options);
      return true;
    }
    const published = request.method === "GET" ? options.published(path) : undefined;
    if (published !== undefined) {
      send(response, published);
      return true;
    }
    const [status, text] = request.method === "GET" ? plainAnswer(path, options) : [404, "Not found"];
    answerPlain(request, response, status, text);
    return true;
  };
}

/** Never rejects. */
async function answerMetrics(response: ServerResponse, { registry, onError }: RouterOptions): Promise<void> {
  try {
    const body = await registry.metrics();
    send(response, { status: 200, headers: { "Content-Type": registry.contentType }, body });
  } catch (error) {
    onError(error as Error);
    const body = "The metrics cannot be read.\n";
    send(response, { status: 500, headers: { "Content-Type": "text/plain; charset=utf-8" }, body });
  }
}

/** Refuses a request for which there is no room: on the wire with the answer of `busy`, elsewhere with 503. */
export function refuseRequest(
  request: IncomingMessage,
  response: ServerResponse,
  busy: (request: IncomingMessage) => WireResponse,
): void {
  if (!isWire(request, pathOf(request))) {
    refuseBusy(request, response);
    return;
  }
  allowOrigin(request, response);
  tellProtocol(request, response);
  request.resume();
  send(response, busy(request));
}

function refuseBusy(request: IncomingMessage, response: ServerResponse): void {
  answerPlain(request, response, 503, "Too much is held for your network. Try again");
}

function answerPlain(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  request.resume();
  send(response, { status, headers: { "Content-Type": "text/plain; charset=utf-8" }, body: `${text}\n` });
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? "/").split("?", 1)[0] ?? "/";
}

/** A request to the root; with `X-Amz-Target`, at any path, since an endpoint may have one; or a request of RPC v2. */
function isWire(request: IncomingMessage, path: string): boolean {
  return path === "/" || request.headers["x-amz-target"] !== undefined || isRpcMessage(request);
}

function plainAnswer(path: string, { ledger, draining, remarks }: RouterOptions): readonly [number, string] {
  if (path === "/healthz") return [200, "ok"];
  if (path !== "/readyz") return [404, "Not found"];
  if (ledger.defect !== undefined) return [503, `not ready: ${ledger.defect.message}`];
  if (ledger.unavailable !== undefined) return [503, `not ready: ${ledger.unavailable}`];
  return draining() ? [503, "not ready: shutting down"] : [200, ["ready", ...remarks()].join("\n")];
}
