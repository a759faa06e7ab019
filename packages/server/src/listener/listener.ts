/**
 * The Node listener: sockets in, plain requests out, within bounds. It knows nothing of what a request means.
 *
 * Bounds: bytes of headers, time for headers and for a whole request, bytes of a body; and what `connections.ts` bounds:
 * connections, answers under way on each, bytes of bodies and answers that are being held, time to take an answer.
 */
import { isUtf8 } from "node:buffer";
import { IncomingMessage, createServer, type Server, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { REQUEST_BYTES_LIMIT, SERVICE_TIME_HEADER, iso } from "@countinghouse/protocol";
import type { Turn } from "./connections/connection.ts";
import type { Connections } from "./connections/connections.ts";
import { CountedResponse } from "./connections/counted-response.ts";
import { allowOrigin } from "./cross-origin.ts";
import { SMALL_BYTES_MAX } from "./connections/held-bytes.ts";
import type { Network } from "./connections/networks.ts";
import { useOriginForm } from "./origin-form.ts";
import { tellProtocol } from "./rpc-request.ts";
import type { WireRequest, WireResponse } from "./message.ts";

interface ListenerOptions {
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Time for a whole request to arrive, headers and body. */
  readonly requestTimeoutMs: number;
  readonly connections: Connections;
  /** Takes requests that are not for the wire; answers whether it did. */
  readonly route: (request: IncomingMessage, response: CountedResponse) => boolean;
  readonly wire: (request: WireRequest) => Promise<WireResponse>;
  /** In a lab, the service clock's time, in milliseconds since the epoch: every answer on the wire tells it. */
  readonly labNowMs?: (() => number) | undefined;
  /** Answer to a request on the wire for which there is no room: it changes nothing. */
  readonly busy: (request: IncomingMessage) => WireResponse;
  /** What is said in the place of an answer for which there is no room. What that answers may have been kept. */
  readonly withheld: (request: IncomingMessage, answer: WireResponse) => WireResponse;
  /** Answer to any request of a network that has too many under way. */
  readonly refuse: (request: IncomingMessage, response: CountedResponse) => void;
}

const HEADER_BYTES_MAX = 16_384;
const HEADERS_MAX = 100;
const KEEP_ALIVE_MS = 65_000;
const HANDSHAKE_MS = 10_000;

export function createListener(options: ListenerOptions): Server {
  const settings = {
    IncomingMessage,
    ServerResponse: CountedResponse,
    maxHeaderSize: HEADER_BYTES_MAX,
    headersTimeout: Math.min(10_000, options.requestTimeoutMs),
    requestTimeout: options.requestTimeoutMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: Math.min(1_000, options.requestTimeoutMs),
    // Node would answer each that came in one write at once, past the turns of its connection. It is refused below.
    requireHostHeader: false,
  };
  const server: Server<typeof IncomingMessage, typeof CountedResponse> =
    options.tls === undefined
      ? createServer(settings)
      : createTlsServer({ ...settings, ...options.tls, handshakeTimeout: HANDSHAKE_MS });
  server.maxHeadersCount = HEADERS_MAX;
  const reader = new BodyReader(options);
  options.connections.serve(server, ({ request, response, expects }, network, isRefused) => {
    // While the server closes, a connection is good for one more answer, so that it cannot be kept busy for ever.
    if (!server.listening) response.setHeader("Connection", "close");
    if (namesNoHost(request)) {
      response.setHeader("Connection", "close");
      send(response, BAD_REQUEST);
      return;
    }
    useOriginForm(request);
    if (expects === "continue") response.writeContinue();
    if (expects === "unknown") send(response, EXPECTATION_FAILED);
    else if (isRefused) options.refuse(request, response);
    else if (!options.route(request, response)) reader.take(request, response, network);
  });
  // A client may end its side once it has sent all. Node would then end ours, before there is an answer.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/** RFC 9112, 3.2: since HTTP/1.1 every request says whom it is for. */
function namesNoHost({ headers, httpVersion }: IncomingMessage): boolean {
  return headers.host === undefined && httpVersion !== "1.0";
}

class BodyReader {
  readonly #options: ListenerOptions;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  take(request: Turn["request"], response: CountedResponse, network: Network): void {
    allowOrigin(request, response);
    tellProtocol(request, response);
    const { held } = this.#options.connections;
    const chunks: Buffer[] = [];
    let bytes = 0;
    let refusal: WireResponse | undefined;
    const letGo = (): void => {
      held.resize(network, bytes, 0);
      bytes = 0;
      chunks.length = 0;
    };
    const refuse = (answer: WireResponse): void => {
      refusal = answer;
      letGo();
    };
    const headers = headersOf(request.rawHeaders);
    if (Number(headers.get("content-length")?.[0]) >= REQUEST_BYTES_LIMIT) refuse(TOO_LARGE);
    request.on("data", (chunk: Buffer) => {
      // Read and dropped: a client that is still sending when the connection closes loses the answer with it.
      if (refusal !== undefined) return;
      if (bytes + chunk.length >= REQUEST_BYTES_LIMIT) refuse(TOO_LARGE);
      else if (!held.resize(network, bytes, bytes + chunk.length)) refuse(this.#options.busy(request));
      else {
        chunks.push(chunk);
        bytes += chunk.length;
      }
    });
    request.on("error", letGo);
    request.on("end", () => {
      if (refusal !== undefined) {
        this.#answer(response, refusal);
        return;
      }
      const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
      const { wire, connections, withheld, tls } = this.#options;
      const from = {
        sourceAddress: connections.sources.of(request),
        isSecure: connections.sources.isSecure(request, tls !== undefined),
      };
      void wire(wireRequest(request, from, headers, body)).then((answer) => {
        letGo();
        if (answer.dropped === true) request.socket.destroy();
        else this.#answer(response, hasRoom(response, answer) ? answer : withheld(request, answer));
      });
    });
  }

  #answer(response: ServerResponse, answer: WireResponse): void {
    const { labNowMs } = this.#options;
    if (labNowMs === undefined) return send(response, answer);
    const serviceTime = iso(labNowMs());
    send(response, { ...answer, headers: { ...answer.headers, [SERVICE_TIME_HEADER]: serviceTime } });
  }
}

function hasRoom(response: CountedResponse, { body }: WireResponse): boolean {
  return body.length <= SMALL_BYTES_MAX || response.hasRoom(body.length);
}

/** Rule L1. */
const TOO_LARGE: WireResponse = { status: 413, headers: {}, body: "" };
const BAD_REQUEST: WireResponse = { status: 400, headers: {}, body: "" };
const EXPECTATION_FAILED: WireResponse = { status: 417, headers: {}, body: "" };

export function send(response: ServerResponse, answer: WireResponse): void {
  if (response.writableEnded || response.destroyed) return;
  const { body } = answer;
  const bytes = Buffer.byteLength(body);
  response.writeHead(answer.status, { ...answer.headers, "Content-Length": bytes });
  if (typeof body !== "string") response.end(body);
  // As many bytes as characters: ASCII, which need not be encoded.
  else response.end(body, bytes === body.length ? "latin1" : "utf8");
}

function wireRequest(
  request: IncomingMessage,
  from: Pick<WireRequest, "sourceAddress" | "isSecure">,
  headers: Map<string, string[]>,
  body: Buffer,
): WireRequest {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  return {
    method: request.method ?? "",
    path: mark === -1 ? url : url.slice(0, mark),
    query: mark === -1 ? "" : url.slice(mark + 1),
    headers,
    body,
    ...from,
  };
}

/** Headers as they were sent, repeated ones one by one: Node's own view of them drops some that a signature counts. */
function headersOf(raw: readonly string[]): Map<string, string[]> {
  const headers = new Map<string, string[]>();
  for (let i = 0; i < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = utf8Of(raw[i + 1] as string);
    const values = headers.get(name);
    if (values === undefined) headers.set(name, [value]);
    else values.push(value);
  }
  return headers;
}

/** Node hands header bytes over one character each; some SDKs send, and sign, UTF-8. */
function utf8Of(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value)) return value;
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : value;
}
