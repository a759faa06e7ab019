/** A proxy between a node and PostgreSQL that cuts a connection at its commit. */
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** When the next commit's connection is cut: before PostgreSQL gets the commit, or after it has answered; `for good` cuts all. */
export type Cut = "before" | "after" | "for good";

const SOCKET = ".s.PGSQL.5432";

type Address = { readonly path: string } | { readonly host: string; readonly port: number };

export class CuttingProxy {
  readonly #folder = mkdtempSync(join(tmpdir(), "countinghouse-proxy-"));
  readonly #target: Address;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cut: Cut | undefined;
  #held: PromiseWithResolvers<void> | undefined;
  /** How many commits were cut. */
  cuts = 0;

  private constructor(target: Address) {
    this.#target = target;
    this.#server = createServer((client) => {
      if (this.#held === undefined) this.#pass(client);
      else void this.#held.promise.then(() => this.#pass(client));
    });
  }

  /** Puts a proxy before the database of a URL. */
  static async before(url: string): Promise<{ readonly proxy: CuttingProxy; readonly url: string }> {
    const { hostname, port, searchParams } = new URL(url);
    const folder = searchParams.get("host");
    const target = folder === null ? { host: hostname, port: Number(port) } : { path: join(folder, SOCKET) };
    const proxy = new CuttingProxy(target);
    const place = join(proxy.#folder, SOCKET);
    await new Promise<void>((resolve) => proxy.#server.listen(place, resolve));
    const through = new URL(url);
    through.port = "";
    through.searchParams.set("host", proxy.#folder);
    return { proxy, url: through.toString() };
  }

  /** Lets new connections wait until the test releases them. */
  holdNextConnection(): void {
    this.#held = Promise.withResolvers();
  }

  letConnect(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  cutNextCommit(cut: Cut): void {
    this.#cut = cut;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #pass(client: Socket): void {
    const server = connect(this.#target);
    let isDeaf = false;
    const end = (): void => {
      client.destroy();
      server.destroy();
    };
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on("error", end);
      socket.on("close", end);
    }
    client.on("data", (chunk: Buffer) => {
      const cut = chunk.includes("COMMIT\0") ? this.#cut : undefined;
      if (cut !== undefined) {
        this.#cut = undefined;
        this.cuts += 1;
      }
      if (cut === "before") {
        end();
        return;
      }
      if (cut === "for good") this.#server.close();
      isDeaf ||= cut !== undefined;
      server.write(chunk);
    });
    server.on("data", (chunk: Buffer) => {
      if (!isDeaf) client.write(chunk);
      // Statements before the commit may have answers of their own.
      else if (!chunk.includes("COMMIT\0")) return;
      else if (this.#server.listening) end();
      else this.close();
    });
  }
}
