/** `node:http` and `node:https` with connections that are kept alive: the fast transport of Node. */
import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from "node:http";
import type { Socket } from "node:net";
import {
  ANSWER_BYTES_MAX,
  TransportError,
  connectionTrouble,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";

type Http = typeof import("node:http") | typeof import("node:https");
type Requester = (options: RequestOptions) => ClientRequest;

/** As many connections to one host at once as the official SDK opens. */
const SOCKETS_MAX = 50;

export class NodeTransport implements Transport {
  readonly #given: Agent | undefined;
  readonly #agents = new Map<string, { readonly agent: Agent; readonly request: Requester }>();

  /** An agent that is given is used, and is its owner's to close. */
  constructor(agent?: Agent) {
    this.#given = agent;
  }

  send(request: TransportRequest): Promise<TransportAnswer> {
    return new Promise((resolve, reject) => {
      const { url, signal } = request;
      if (signal?.aborted === true) {
        reject(aborted(signal, false));
        return;
      }
      const { agent, request: open } = this.#agentFor(url.protocol);
      const bytes = Buffer.byteLength(request.body);
      const outgoing = open({
        host: url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname,
        port: url.port,
        path: url.pathname + url.search,
        method: request.method,
        headers: ["host", url.host, ...request.headers, "content-length", String(bytes)],
        agent,
      });
      let connectTimer: NodeJS.Timeout | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        clearTimeout(connectTimer);
        signal?.removeEventListener("abort", onAbort);
      };
      const fail = (trouble: TransportError): void => {
        settle();
        reject(trouble);
        outgoing.destroy();
      };
      const onAbort = (): void => fail(aborted(signal, true));
      const timer = setTimeout(
        () => fail(new TransportError("timeout", `No answer within ${request.timeoutMs} ms.`, true)),
        request.timeoutMs,
      );
      signal?.addEventListener("abort", onAbort, { once: true });
      outgoing.on("socket", (socket: Socket) => {
        if (!socket.connecting) return;
        const { connectTimeoutMs } = request;
        connectTimer = setTimeout(
          () => fail(new TransportError("timeout", `No connection within ${connectTimeoutMs} ms.`, false)),
          connectTimeoutMs,
        );
        socket.once(url.protocol === "https:" ? "secureConnect" : "connect", () => clearTimeout(connectTimer));
      });
      outgoing.on("error", (error) => fail(connectionTrouble(error)));
      outgoing.on("response", (incoming) => {
        collect(incoming, fail, (text) => {
          settle();
          resolve(new NodeAnswer(incoming, text));
        });
      });
      // The same bytes where all is ASCII, as nearly always, and written for less.
      outgoing.end(request.body, bytes === request.body.length ? "latin1" : "utf8");
    });
  }

  close(): void {
    for (const { agent } of this.#agents.values()) if (agent !== this.#given) agent.destroy();
    this.#agents.clear();
  }

  #agentFor(protocol: string): { readonly agent: Agent; readonly request: Requester } {
    const known = this.#agents.get(protocol);
    if (known !== undefined) return known;
    const made = this.#open(protocol);
    this.#agents.set(protocol, made);
    return made;
  }

  #open(protocol: string): { readonly agent: Agent; readonly request: Requester } {
    // Loaded when it is needed: half of a program's start would else be spent here.
    const http: Http = process.getBuiltinModule(protocol === "https:" ? "node:https" : "node:http");
    const agent = this.#given ?? new http.Agent({ keepAlive: true, maxSockets: SOCKETS_MAX, scheduling: "lifo" });
    return { agent, request: http.request };
  }
}

class NodeAnswer implements TransportAnswer {
  readonly #incoming: IncomingMessage;
  readonly text: string;

  constructor(incoming: IncomingMessage, text: string) {
    this.#incoming = incoming;
    this.text = text;
  }

  get status(): number {
    return this.#incoming.statusCode ?? 0;
  }

  header(name: string): string | undefined {
    const value = this.#incoming.headers[name];
    return Array.isArray(value) ? value[0] : value;
  }
}

function collect(
  incoming: IncomingMessage,
  fail: (trouble: TransportError) => void,
  done: (text: string) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  incoming.on("data", (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) fail(new TransportError("connection", "The answer is too large.", true));
  });
  incoming.on("end", () => done((chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)).toString()));
  // A connection that breaks within an answer.
  incoming.on("error", (error) => fail(connectionTrouble(error)));
  incoming.on("aborted", () => fail(new TransportError("connection", "The connection broke within the answer.", true)));
}

function aborted(signal: AbortSignal | undefined, maySucceed: boolean): TransportError {
  return new TransportError("aborted", "The call was aborted.", maySucceed, signal?.reason);
}
