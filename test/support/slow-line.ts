/** A line between a browser and a server, which may be slow, be cut, go silent, or lead to another server from now on. */
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";

export class SlowLine {
  #target: URL;
  readonly #server: Server;
  readonly #ends = new Set<() => void>();
  #bytesPerSecond = Infinity;
  #isCut = false;
  /** Connections that have gone silent stay so, as after a network failure that nobody tells of. */
  readonly #silent = new Set<Socket>();
  readonly #open = new Set<Socket>();

  private constructor(target: string) {
    this.#target = new URL(target);
    this.#server = createServer((client) => this.#pass(client));
  }

  static async to(target: string): Promise<SlowLine> {
    const line = new SlowLine(target);
    await new Promise<void>((resolve) => line.#server.listen(0, "127.0.0.1", resolve));
    return line;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Of answers, in each connection. */
  slow(bytesPerSecond: number): void {
    this.#bytesPerSecond = bytesPerSecond;
  }

  /** Ends all connections, and each new one, until `mend`. */
  cut(): void {
    this.#isCut = true;
    this.#endAll();
  }

  mend(): void {
    this.#isCut = false;
  }

  /** Nothing comes through the connections that there are, any more; new ones are good. */
  silence(): void {
    for (const socket of this.#open) this.#silent.add(socket);
  }

  leadTo(target: string): void {
    this.#target = new URL(target);
    this.#endAll();
  }

  async close(): Promise<void> {
    this.#endAll();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #endAll(): void {
    for (const end of this.#ends) end();
  }

  #pass(client: Socket): void {
    if (this.#isCut) {
      client.destroy();
      return;
    }
    const server = connect(Number(this.#target.port), this.#target.hostname);
    const end = (): void => {
      client.destroy();
      server.destroy();
      this.#ends.delete(end);
      this.#open.delete(client);
      this.#silent.delete(client);
    };
    this.#ends.add(end);
    this.#open.add(client);
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
    const heard = new Transform({
      transform: (chunk: Buffer, _encoding, done) => {
        const pass = (): void => done(null, this.#silent.has(client) ? undefined : chunk);
        if (this.#bytesPerSecond === Infinity) pass();
        else setTimeout(pass, (chunk.length / this.#bytesPerSecond) * 1_000);
      },
    });
    server.pipe(heard).pipe(client);
    client.on("data", (chunk: Buffer) => {
      if (!this.#silent.has(client)) server.write(chunk);
    });
  }
}
