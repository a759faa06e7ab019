/**
 * Bounds the connections: in all, and for each network. Where a new connection has no place, the one that has waited longest
 * for its own client is closed, in the same network or in the largest one. If the server is working for all of them, the new
 * connection is refused. So connections that are held and not used keep nobody out.
 */
import type { Server } from "node:http";
import type { Socket } from "node:net";
import { Connection, type ConnectionKeeper, type Turn } from "./connection.ts";
import { HeldBytes } from "./held-bytes.ts";
import { Networks, type Network, type Place } from "./networks.ts";
import { plainAddress, type SourceAddresses } from "./source-address.ts";

const CONNECTIONS_MAX = 4_096;
const WATCH_MS = 1_000;

interface ConnectionsOptions {
  readonly sources: SourceAddresses;
  /** Connections of one network, and requests that trusted proxies forward for one at once. An eighth by default. */
  readonly networkMax: number;
  /** How long an answer may make no progress. */
  readonly patienceSeconds: number;
  readonly every: (ms: number, run: () => void) => () => void;
  /** Called when a connection was refused, because the server was working for all others. */
  readonly onRefused: () => void;
  /** Called when a connection that waited for its client was closed for a new one. */
  readonly onMadeWay: () => void;
  readonly onGivenUp: () => void;
}

/** Begins a request whose turn has come; `isRefused` where its network has too many requests under way. */
type BeginRequest = (turn: Turn, network: Network, isRefused: boolean) => void;

export class Connections implements ConnectionKeeper {
  readonly held: HeldBytes;
  readonly sources: SourceAddresses;
  readonly patienceSeconds: number;
  readonly #options: ConnectionsOptions;
  readonly #networks = new Networks();
  readonly #all = new Set<Place>();
  readonly #bySocket = new WeakMap<Socket, Connection>();
  #moment = 0;
  #beginRequest: BeginRequest = () => undefined;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
    this.sources = options.sources;
    this.patienceSeconds = options.patienceSeconds;
    this.held = new HeldBytes(this.#networks);
  }

  get open(): number {
    return this.#all.size;
  }

  /** Takes over the server's connections, and gives their requests to `begin` one by one. */
  serve(server: Server, begin: BeginRequest): void {
    this.#beginRequest = begin;
    server.on("connection", (socket: Socket) => this.#admit(socket));
    server.on("secureConnection", (socket: Socket) => this.#secured(socket));
    const take =
      (expects: Turn["expects"]) =>
      (request: Turn["request"], response: Turn["response"]): void => {
        this.#bySocket.get(request.socket)?.take({ request, response, expects });
      };
    server.on("request", take("nothing"));
    server.on("checkContinue", take("continue"));
    server.on("checkExpectation", take("unknown"));
    const stop = this.#options.every(WATCH_MS, () => {
      for (const connection of this.#all) connection.watch();
    });
    server.on("close", stop);
  }

  nextMoment(): number {
    this.#moment += 1;
    return this.#moment;
  }

  networkOf({ request }: Turn, connection: Connection): Network {
    if (!connection.isProxy) return connection.network;
    const network = this.#networks.of(this.sources.of(request));
    network.forwardedRequests += 1;
    return network;
  }

  begin(turn: Turn, network: Network, connection: Connection): void {
    this.#beginRequest(turn, network, connection.isProxy && network.forwardedRequests > this.#options.networkMax);
  }

  ended(network: Network, connection: Connection): void {
    if (!connection.isProxy) return;
    network.forwardedRequests -= 1;
    this.#networks.forget(network);
  }

  onGivenUp(): void {
    this.#options.onGivenUp();
  }

  #admit(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? "");
    const isProxy = this.sources.isTrusted(address);
    // A proxy's connections carry many clients: they have no share, and belong to no network of clients.
    const place = isProxy ? `proxy ${address}` : address;
    if (!this.#hasPlace(this.#networks.of(place), isProxy)) {
      this.#options.onRefused();
      this.#networks.forget(this.#networks.of(place));
      socket.resetAndDestroy();
      return;
    }
    // Looked up again: if the connection that was closed was the network's last one, the network was forgotten.
    const network = this.#networks.of(place);
    const connection = new Connection(this, socket, network, isProxy);
    network.connections.add(connection);
    this.#all.add(connection);
    socket.on("close", () => this.#remove(connection));
    this.#carry(connection, socket);
  }

  #hasPlace(network: Network, isProxy: boolean): boolean {
    const isOver = !isProxy && network.connections.size >= this.#options.networkMax;
    if (isOver && !this.#makeWay(network)) return false;
    return this.#all.size < CONNECTIONS_MAX || this.#makeWay(this.#networks.largest() ?? network);
  }

  /** With TLS, requests come on a socket of their own, around the accepted one. */
  #secured(socket: Socket): void {
    for (const connection of this.#all) {
      if (connection instanceof Connection && connection.hasPeerOf(socket)) this.#carry(connection, socket);
    }
  }

  #carry(connection: Connection, socket: Socket): void {
    connection.carriedBy(socket);
    this.#bySocket.set(socket, connection);
  }

  #makeWay(network: Network): boolean {
    let longest: Place | undefined;
    for (const connection of network.connections) {
      if (!connection.waitsForClient) continue;
      if (longest === undefined || connection.moment < longest.moment) longest = connection;
    }
    if (longest === undefined) return false;
    this.#options.onMadeWay();
    longest.cut();
    this.#remove(longest);
    return true;
  }

  #remove(connection: Place): void {
    if (!this.#all.delete(connection)) return;
    connection.network.connections.delete(connection);
    connection.closed();
    this.#networks.forget(connection.network);
  }
}
