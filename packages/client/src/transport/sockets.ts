/**
 * Requests over sockets of the client's own, which are kept open: the fast transport of Node. `node:http` can do the same for
 * any server and any request; the small part that this client needs costs less than half of that.
 */
import type { Socket } from "node:net";
import { Connection } from "./connection.ts";
import { invalidInput } from "../outcome.ts";
import {
  TransportError,
  checkHeaders,
  type Transport,
  type TransportAnswer,
  type TransportRequest,
} from "./transport.ts";

/** The official SDK opens as many connections to one host at once. */
const CONNECTIONS_MAX = 50;

interface Waiting {
  start(connection: Connection): void;
  cancelled: boolean;
}

/** The connections to one host. */
interface Pool {
  readonly idle: Connection[];
  readonly waiting: Waiting[];
  open: number;
}

export class SocketTransport implements Transport {
  readonly #pools = new Map<string, Pool>();
  readonly #connectionsMax: number;
  #closed = false;

  /** Throws an `InvalidInputError` for an invalid number of connections. */
  constructor(connectionsMax: number = CONNECTIONS_MAX) {
    if (!Number.isInteger(connectionsMax) || connectionsMax < 1) {
      throw invalidInput(`connectionsMax must be a whole number from 1 on; it is ${connectionsMax}.`);
    }
    this.#connectionsMax = connectionsMax;
  }

  send(request: TransportRequest): Promise<TransportAnswer> {
    return new Promise((resolve, reject) => {
      checkHeaders(request.headers);
      const { signal, timeoutMs, connectTimeoutMs, url } = request;
      let connection: Connection | undefined;
      let connectTimer: NodeJS.Timeout | undefined;
      const settle = (): void => {
        clearTimeout(timer);
        clearTimeout(connectTimer);
        signal?.removeEventListener("abort", onAbort);
      };
      const done = (answer: TransportAnswer): void => {
        settle();
        resolve(answer);
      };
      const fail = (trouble: TransportError): void => {
        settle();
        waiting.cancelled = true;
        reject(trouble);
        connection?.destroy();
      };
      const onAbort = (): void =>
        fail(new TransportError("aborted", "The call was aborted.", connection?.connected ?? false, signal?.reason));
      const onTimeout = (): void =>
        fail(new TransportError("timeout", `No answer within ${timeoutMs} ms.`, connection?.connected ?? false));
      let timer: NodeJS.Timeout | undefined;
      const waiting: Waiting = {
        cancelled: false,
        start: (free) => {
          connection = free;
          // The timer begins only now: with many calls at once, waiting ones would otherwise time out unsent.
          timer = setTimeout(onTimeout, timeoutMs);
          if (!free.connected) {
            connectTimer = setTimeout(() => {
              if (!free.connected)
                fail(new TransportError("timeout", `No connection within ${connectTimeoutMs} ms.`, false));
            }, connectTimeoutMs);
          }
          free.send(request, done, fail);
        },
      };
      if (signal?.aborted === true) return onAbort();
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#take(url, waiting);
    });
  }

  close(): void {
    this.#closed = true;
    for (const { idle } of this.#pools.values()) for (const connection of idle.splice(0)) connection.destroy();
  }

  /** Takes an idle connection, opens a new one, or queues the request. */
  #take(url: URL, waiting: Waiting): void {
    const pool = this.#poolOf(url);
    for (let connection = pool.idle.pop(); connection !== undefined; connection = pool.idle.pop()) {
      if (connection.usable && !connection.stale) return waiting.start(connection);
      connection.destroy();
    }
    if (pool.open < this.#connectionsMax) waiting.start(this.#open(url, pool));
    else pool.waiting.push(waiting);
  }

  #poolOf(url: URL): Pool {
    const origin = `${url.protocol}//${url.host}`;
    const known = this.#pools.get(origin);
    if (known !== undefined) return known;
    const pool: Pool = { idle: [], waiting: [], open: 0 };
    this.#pools.set(origin, pool);
    return pool;
  }

  #open(url: URL, pool: Pool): Connection {
    pool.open += 1;
    let counted = true;
    const released = (connection: Connection): void => {
      if (!connection.usable && counted) {
        counted = false;
        pool.open -= 1;
      }
      let next = pool.waiting.shift();
      while (next?.cancelled === true) next = pool.waiting.shift();
      if (next !== undefined) {
        if (connection.usable) next.start(connection);
        else if (pool.open < this.#connectionsMax) next.start(this.#open(url, pool));
        else pool.waiting.unshift(next);
      } else if (connection.usable) {
        if (this.#closed) connection.destroy();
        else pool.idle.push(connection);
      }
    };
    const secure = url.protocol === "https:";
    return new Connection(openSocket(url, secure), secure ? "secureConnect" : "connect", released);
  }
}

function openSocket(url: URL, secure: boolean): Socket {
  const host = url.hostname.startsWith("[") ? url.hostname.slice(1, -1) : url.hostname;
  const port = url.port === "" ? (secure ? 443 : 80) : Number(url.port);
  // Loaded when it is needed; otherwise it would be half of a program's start.
  const net = process.getBuiltinModule("node:net");
  if (!secure) return net.connect({ host, port });
  const tls = process.getBuiltinModule("node:tls");
  // SNI is for names only, so none is sent for an address; the certificate is still checked against the address.
  const servername = net.isIP(host) === 0 ? host : "";
  return tls.connect({ host, port, servername, ALPNProtocols: ["http/1.1"] });
}
