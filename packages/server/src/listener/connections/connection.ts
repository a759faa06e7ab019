/**
 * One connection, and its turns: the next request that came on it is not begun before the answer to the one before has
 * left. So a client that does not read holds one answer, however much it asks for.
 */
import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { AnswerCounter, CountedResponse } from "./counted-response.ts";
import type { HeldBytes } from "./held-bytes.ts";
import type { Network, Place } from "./networks.ts";

/** A request as it came in. What it expects before it sends its body is answered in its turn as well. */
export interface Turn {
  readonly request: IncomingMessage;
  readonly response: CountedResponse;
  readonly expects: "nothing" | "continue" | "unknown";
}

/** What the connections of a server have in common. */
export interface ConnectionKeeper {
  readonly held: HeldBytes;
  /** How long an answer may go without progress. The system's own buffers take some megabytes at once, so it comes in leaps. */
  readonly patienceSeconds: number;
  /** Numbers that only grow: what has a smaller one is older. */
  nextMoment(): number;
  /** For whom a request came: the network of its peer, or the one that a trusted proxy forwards for. */
  networkOf(turn: Turn, connection: Connection): Network;
  begin(turn: Turn, network: Network, connection: Connection): void;
  ended(network: Network, connection: Connection): void;
  /** An answer was given up, because its client did not take it. */
  onGivenUp(): void;
}

/** Requests that wait behind another one. No more of those that are signed fit into what is read at once (64 KiB). */
const WAITING_MAX = 192;
/** About what a request that waits takes up. */
const WAITING_BYTES = 4_096;
/** An answer has the time of a request to arrive, and a second more for each 16 KiB. */
const SLOWEST_BYTES_PER_SECOND = 16_384;
/** What Node's parser is answered where what follows a request is another protocol. */
const UPGRADED = 2;

export class Connection implements AnswerCounter, Place {
  readonly network: Network;
  readonly isProxy: boolean;
  moment: number;
  readonly #keeper: ConnectionKeeper;
  /** What came by `accept`. */
  readonly #rawSocket: Socket;
  /** What requests come on: with TLS another one. */
  #socket: Socket;
  #current: Turn | undefined;
  #currentNetwork: Network;
  readonly #waiting: Turn[] = [];
  #unsentBytes = 0;
  readonly #sending = { seconds: 0, stalledSeconds: 0, mostBytes: 0, unsentBytes: 0, queuedBytes: 0 };

  constructor(keeper: ConnectionKeeper, socket: Socket, network: Network, isProxy: boolean) {
    this.#keeper = keeper;
    this.#rawSocket = socket;
    this.#socket = socket;
    this.network = network;
    this.isProxy = isProxy;
    this.#currentNetwork = network;
    this.moment = keeper.nextMoment();
  }

  /** Requests come on this socket. */
  carriedBy(socket: Socket): void {
    this.#socket = socket;
    // Node goes on reading whenever the body of a request has been read, too.
    socket.on("resume", () => {
      if (this.#waiting.length > 0) stopReading(socket);
    });
  }

  /** Whether a socket has the same other end. */
  hasPeerOf({ remoteAddress, remotePort }: Socket): boolean {
    return this.#rawSocket.remotePort === remotePort && this.#rawSocket.remoteAddress === remoteAddress;
  }

  take(turn: Turn): void {
    if (this.#current === undefined && this.#waiting.length === 0) {
      this.#begin(turn);
      return;
    }
    if (this.#rawSocket.destroyed) return;
    const waiting = this.#waiting.length;
    const hasRoom =
      waiting < WAITING_MAX &&
      this.#keeper.held.resize(this.network, waiting * WAITING_BYTES, (waiting + 1) * WAITING_BYTES);
    if (!hasRoom) {
      this.#giveUp();
      return;
    }
    this.#waiting.push(turn);
    stopReading(this.#socket);
  }

  get waitsForClient(): boolean {
    return this.#current === undefined || this.#unsentBytes > 0 || !this.#current.request.complete;
  }

  unsent(bytes: number): void {
    if (this.#keeper.held.resize(this.#currentNetwork, this.#unsentBytes, bytes)) this.#unsentBytes = bytes;
    else this.#giveUp();
  }

  hasRoom(bytes: number): boolean {
    return this.#keeper.held.hasRoom(this.#currentNetwork, bytes);
  }

  watch(): void {
    if (this.#unsentBytes === 0) return;
    const unsentBytes = this.#socket.writableLength;
    this.unsent(unsentBytes);
    const sending = this.#sending;
    if (unsentBytes === 0) {
      Object.assign(sending, { seconds: 0, stalledSeconds: 0, mostBytes: 0 });
      return;
    }
    const queuedBytes = queuedBytesOf(this.#socket);
    const isStalled = unsentBytes === sending.unsentBytes && queuedBytes === sending.queuedBytes;
    sending.stalledSeconds = isStalled ? sending.stalledSeconds + 1 : 0;
    sending.seconds += 1;
    sending.mostBytes = Math.max(sending.mostBytes, unsentBytes);
    sending.unsentBytes = unsentBytes;
    sending.queuedBytes = queuedBytes;
    const { patienceSeconds } = this.#keeper;
    // An answer without an end is never sent whole: that something of it leaves is all that can be asked.
    const isEndless = this.#current?.response.isEndless === true;
    const secondsMax = isEndless
      ? Number.POSITIVE_INFINITY
      : patienceSeconds + sending.mostBytes / SLOWEST_BYTES_PER_SECOND;
    if (sending.stalledSeconds >= patienceSeconds || sending.seconds > secondsMax) this.#giveUp();
  }

  cut(): void {
    if (!this.#rawSocket.destroyed) this.#rawSocket.resetAndDestroy();
  }

  closed(): void {
    this.#keeper.held.resize(this.network, this.#waiting.length * WAITING_BYTES, 0);
    this.#waiting.length = 0;
  }

  #begin(turn: Turn): void {
    this.#current = turn;
    this.moment = this.#keeper.nextMoment();
    turn.response.counter = this;
    turn.response.on("close", this.#answered);
    this.#currentNetwork = this.#keeper.networkOf(turn, this);
    this.#keeper.begin(turn, this.#currentNetwork, this);
  }

  /** The answer has been handed to the system, or its connection has ended. */
  readonly #answered = (): void => {
    this.unsent(0);
    this.#keeper.ended(this.#currentNetwork, this);
    this.#current = undefined;
    this.moment = this.#keeper.nextMoment();
    if (this.#rawSocket.destroyed) return;
    const waiting = this.#waiting.length;
    const next = this.#waiting.shift();
    if (next === undefined) return;
    this.#keeper.held.resize(this.network, waiting * WAITING_BYTES, (waiting - 1) * WAITING_BYTES);
    Object.assign(this.#sending, { seconds: 0, stalledSeconds: 0, mostBytes: 0 });
    this.#begin(next);
    if (waiting === 1) this.#socket.resume();
  };

  #giveUp(): void {
    if (this.#rawSocket.destroyed) return;
    this.#keeper.onGivenUp();
    this.cut();
    stopParsing(this.#socket);
  }
}

/**
 * A pause that is asked for while Node is about to resume is not told to whom it concerns: the stream reads once more, and says
 * nothing of a pause, since it is paused already. So it is said here.
 */
function stopReading(socket: Socket): void {
  socket.pause();
  socket.emit("pause");
}

/**
 * What was read already may hold a thousand requests more. Node would make a request and an answer for each, and then an error
 * for each, since its connection has ended: 15 ms for 64 KB. There is no public name for its parser, either; this one tells it
 * that what follows is no HTTP (`parserOnHeadersComplete` in Node's `_http_common.js`). Without it, it only takes longer.
 */
function stopParsing(socket: Socket): void {
  const { parser } = socket as Socket & { readonly parser?: { onIncoming?: () => number } | null };
  if (typeof parser?.onIncoming === "function") parser.onIncoming = () => UPGRADED;
}

/**
 * What the system has not taken yet of what was written last. There is no public name for it; Node's own time-out of sockets
 * tells progress by it (`net.Socket.prototype._onTimeout`). Without it, only what was written as a whole is progress.
 */
function queuedBytesOf(socket: Socket): number {
  const { _handle: handle } = socket as Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };
  return handle?.writeQueueSize ?? 0;
}
