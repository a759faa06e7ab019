/**
 * The Node listener turns sockets into plain requests, within bounds. It does not know what a request means.
 *
 * It bounds the bytes of headers, the time for headers and for a whole request, and the bytes of a body. `connections.ts`
 * bounds connections, answers under way on each, the bytes of held bodies and answers, and the time to take an answer.
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
  /** How long a whole request may take to arrive, headers and body. */
  readonly requestTimeoutMs: number;
  readonly connections: Connections;
  /** Takes requests that are not for the wire; answers whether it took this one. */
  readonly route: (request: IncomingMessage, response: CountedResponse) => boolean;
  readonly wire: (request: WireRequest) => Promise<WireResponse>;
  /** In a lab, the service clock in milliseconds since the epoch: every answer on the wire carries it. */
  readonly labNowMs?: (() => number) | undefined;
  /** The answer to a request on the wire for which there is no room; the request changes nothing. */
  readonly busy: (request: IncomingMessage) => WireResponse;
  /** The answer in the place of one for which there is no room. What the request did may have been kept. */
  readonly withheld: (request: IncomingMessage, answer: WireResponse) => WireResponse;
  /** Answers any request of a network that has too many under way. */
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
    // Node would answer such requests at once, before earlier requests of the connection. They are refused below instead.
    requireHostHeader: false,
  };
  const server: Server<typeof IncomingMessage, typeof CountedResponse> =
    options.tls === undefined
      ? createServer(settings)
      : createTlsServer({ ...settings, ...options.tls, handshakeTimeout: HANDSHAKE_MS });
  server.maxHeadersCount = HEADERS_MAX;
  const reader = new BodyReader(options);
  options.connections.serve(server, ({ request, response, expects }, network, isRefused) => {
    // While the server closes, a connection gets one more answer, so that a client cannot keep it busy for ever.
    if (!server.listening) response.setHeader("Connection", "close");
    const refusal = hostsOf(request) === 1 ? tooLargeToBegin(request, expects) : BAD_REQUEST;
    if (refusal !== undefined) {
      response.setHeader("Connection", "close");
      send(response, refusal);
      return;
    }
    useOriginForm(request);
    if (expects === "continue") response.writeContinue();
    if (expects === "unknown") send(response, EXPECTATION_FAILED);
    else if (isRefused) options.refuse(request, response);
    else if (!options.route(request, response)) reader.take(request, response, network);
  });
  // A client may end its side when it has sent everything. Node would then end the server's side before the answer.
  return Object.assign(server, { httpAllowHalfOpen: true });
}

/**
 * How many hosts a request names. RFC 9112, 3.2: since HTTP/1.1 it must name one, and no request may name two: a proxy could take
 * the one for right, and this server the other.
 */
function hostsOf({ rawHeaders, httpVersion }: IncomingMessage): number {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length;
  return hosts === 0 && httpVersion === "1.0" ? 1 : hosts;
}

/** The refusal of a body that is too large for any route, before the client sends it: the client asked first. */
function tooLargeToBegin({ headers }: IncomingMessage, expects: Turn["expects"]): WireResponse | undefined {
  return expects === "continue" && Number(headers["content-length"]) > REQUEST_BYTES_LIMIT ? TOO_LARGE : undefined;
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
      // The body is read and dropped: if the connection closed while the client is sending, the client would lose the answer.
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
  // A body with as many bytes as characters is ASCII, which need not be encoded.
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

/** Headers as they were sent, with each repeated one: Node's own headers drop some that a signature counts. */
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

/** Node gives each header byte as one character; some SDKs send, and sign, UTF-8. */
function utf8Of(value: string): string {
  if (!/[\u0080-\u00ff]/.test(value)) return value;
  const bytes = Buffer.from(value, "latin1");
  return isUtf8(bytes) ? bytes.toString("utf8") : value;
}
