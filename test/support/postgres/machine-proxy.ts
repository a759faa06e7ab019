/** A proxy between two machines of a cluster that loses some messages, or all. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/** `refusing`: connections are refused. `silent`: messages are accepted, and never answered. */
export type MachineTrouble = "refusing" | "silent";

export class MachineProxy {
  readonly #target: { readonly host: string; readonly port: number };
  #server: Server;
  readonly #sockets = new Set<Socket>();
  #trouble: MachineTrouble | undefined;
  #lost: { readonly message: string; readonly times: number } | undefined;
  port = 0;
  /** How many messages were lost. */
  losses = 0;
  /** The statements that passed, unchanged, since the list was last emptied. */
  readonly statements: string[] = [];

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#target = target;
    this.#server = this.#newServer();
  }

  static async before(target: { readonly host: string; readonly port: number }): Promise<MachineProxy> {
    const proxy = new MachineProxy(target);
    await proxy.#listen();
    return proxy;
  }

  /** Loses the next messages that hold this text, and their connections. */
  lose(message: string, times = 1): void {
    this.#lost = { message, times };
  }

  /** Stops losing messages. */
  forget(): void {
    this.#lost = undefined;
  }

  async begin(trouble: MachineTrouble): Promise<void> {
    this.#trouble = trouble;
    if (trouble !== "refusing") return;
    this.#destroyAll();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async end(): Promise<void> {
    const trouble = this.#trouble;
    this.#trouble = undefined;
    // Connections that lost something stay open, as after a network failure.
    if (trouble === "silent") this.#destroyAll();
    if (trouble === "refusing") {
      this.#server = this.#newServer();
      await this.#listen();
    }
  }

  close(): void {
    this.#server.close();
    this.#destroyAll();
  }

  #newServer(): Server {
    return createServer((client) => this.#pass(client));
  }

  async #listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(this.port, "127.0.0.1", resolve));
    ({ port: this.port } = this.#server.address() as AddressInfo);
  }

  #destroyAll(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#sockets.clear();
  }

  #pass(client: Socket): void {
    const server = connect(this.#target.port, this.#target.host);
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on("error", end);
      socket.on("close", () => {
        this.#sockets.delete(socket);
        end();
      });
    }
    const reader = new StatementReader(this.statements);
    client.on("data", (chunk: Buffer) => {
      reader.read(chunk);
      if (this.#isLost(chunk)) end();
      else if (this.#trouble !== "silent") server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      if (this.#trouble !== "silent") client.write(chunk);
    });
  }

  #isLost(chunk: Buffer): boolean {
    if (this.#lost === undefined || !chunk.includes(this.#lost.message)) return false;
    this.losses += 1;
    const { message, times } = this.#lost;
    this.#lost = times > 1 ? { message, times: times - 1 } : undefined;
    return true;
  }
}

const HEAD_BYTES = 5;
const QUERY = "Q";
const PARSE = "P";

/** Reads the statements in a client's messages (PostgreSQL's protocol, version 3). */
class StatementReader {
  readonly #statements: string[];
  #rest = Buffer.alloc(0);
  #isStarted = false;

  constructor(statements: string[]) {
    this.#statements = statements;
  }

  read(chunk: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    for (;;) {
      // The first message has no letter that names its kind.
      const head = this.#isStarted ? HEAD_BYTES : HEAD_BYTES - 1;
      if (this.#rest.length < head) return;
      const end = this.#rest.readInt32BE(head - 4) + head - 4;
      if (this.#rest.length < end) return;
      if (this.#isStarted) this.#note(this.#rest.toString("latin1", 0, 1), this.#rest.subarray(head, end));
      this.#isStarted = true;
      this.#rest = this.#rest.subarray(end);
    }
  }

  #note(kind: string, body: Buffer): void {
    const texts = body.toString("utf8").split("\0");
    if (kind === QUERY) this.#statements.push(texts[0] ?? "");
    // The name of the prepared statement comes first.
    if (kind === PARSE) this.#statements.push(texts[1] ?? "");
  }
}
