/** `node:http` and `node:https` with the caller's own agent: for proxies, client certificates and the like. */
import type { Agent, ClientRequest, IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import {
  ANSWER_BYTES_MAX,
  TransportError,
  checkHeaders,
  connectionTrouble,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";

export class AgentTransport implements Transport {
  readonly isTraced = true;
  readonly #agent: Agent;

  /** The agent's owner closes it. */
  constructor(agent: Agent) {
    this.#agent = agent;
  }

  send(request: TransportRequest): Promise<TransportAnswer> {
    return new Promise((resolve, reject) => {
      checkHeaders(request.headers);
      const { url, signal } = request;
      if (signal?.aborted === true) {
        reject(aborted(signal, false));
        return;
      }
      const secure = url.protocol === "https:";
      const { request: open } = process.getBuiltinModule(secure ? "node:https" : "node:http");
      const bytes = Buffer.byteLength(request.body);
      const outgoing = opened(() =>
        open({
          host: url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname,
          port: url.port,
          path: url.pathname + url.search,
          method: request.method,
          headers: ["host", url.host, ...request.headers, "content-length", String(bytes)],
          agent: this.#agent,
        }),
      );
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
        socket.once(secure ? "secureConnect" : "connect", () => clearTimeout(connectTimer));
      });
      outgoing.on("error", (error) => fail(connectionTrouble(error)));
      outgoing.on("response", (incoming) => {
        collect(incoming, fail, (text) => {
          settle();
          resolve(new NodeAnswer(incoming, text));
        });
      });
      // For a body in ASCII, as nearly always, Latin-1 gives the same bytes at a lower cost.
      outgoing.end(request.body, bytes === request.body.length ? "latin1" : "utf8");
    });
  }

  close(): void {
    // The agent belongs to the caller.
  }
}

/** An agent that does not fit the URL's scheme throws at once, before anything is sent. */
function opened(open: () => ClientRequest): ClientRequest {
  try {
    return open();
  } catch (error) {
    throw new TransportError("invalid", error instanceof Error ? error.message : String(error), false, error);
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
  // The connection broke within an answer.
  incoming.on("error", (error) => fail(connectionTrouble(error)));
  incoming.on("aborted", () => fail(new TransportError("connection", "The connection broke within the answer.", true)));
}

function aborted(signal: AbortSignal | undefined, maySucceed: boolean): TransportError {
  return new TransportError("aborted", "The call was aborted.", maySucceed, signal?.reason);
}
