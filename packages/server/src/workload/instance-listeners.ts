/**
 * A listener on loopback for each running EC2 instance, at a port of its own, so that no instance gets another's metadata.
 * Listeners are opened and closed as instances start and end, one after the other.
 */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { send } from "../listener/listener.ts";
import type { WireResponse } from "../listener/message.ts";
import type { MetadataRequest } from "./instance-metadata.ts";

/** How many instances have a metadata service at once; others have none. */
export const INSTANCE_LISTENERS_MAX = 200;
const CONNECTIONS_MAX = 32;
const TIMEOUT_MS = 5_000;
const HEADER_BYTES_MAX = 8_192;

interface InstanceListenersOptions {
  /** Never rejects. */
  readonly respond: (resourceId: string, request: MetadataRequest) => Promise<WireResponse>;
  /** Called where a listener cannot be opened. */
  readonly onError: (error: Error) => void;
}

export class InstanceListeners {
  readonly #options: InstanceListenersOptions;
  readonly #servers = new Map<string, Server>();
  #last: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: InstanceListenersOptions) {
    this.#options = options;
  }

  /** The address of the instance's metadata service; undefined where it has none. */
  endpointOf(resourceId: string): string | undefined {
    const server = this.#servers.get(resourceId);
    return server && `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  /** Opens missing listeners of these instances, and closes those of all others. Never rejects. */
  keep(liveResourceIds: ReadonlySet<string>): Promise<void> {
    this.#last = this.#last.then(() => this.#settle(liveResourceIds));
    return this.#last;
  }

  close(): Promise<void> {
    const closed = this.keep(new Set());
    this.#closed = true;
    return closed;
  }

  async #settle(live: ReadonlySet<string>): Promise<void> {
    for (const [resourceId, server] of this.#servers) {
      if (live.has(resourceId)) continue;
      this.#servers.delete(resourceId);
      server.close();
      server.closeAllConnections();
    }
    for (const resourceId of live) {
      if (this.#closed || this.#servers.has(resourceId)) continue;
      if (this.#servers.size >= INSTANCE_LISTENERS_MAX) {
        this.#options.onError(new Error(`No more than ${INSTANCE_LISTENERS_MAX} instances have a metadata service.`));
        return;
      }
      try {
        this.#servers.set(resourceId, await this.#listen(resourceId));
      } catch (error) {
        this.#options.onError(error as Error);
      }
    }
  }

  async #listen(resourceId: string): Promise<Server> {
    const settings = { maxHeaderSize: HEADER_BYTES_MAX, headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS };
    const server = createServer(settings, (request, response) => {
      // No request here has a body that is used.
      request.resume();
      const { method = "", url = "" } = request;
      if (!isOwn(request.headers)) {
        send(response, { status: 403, headers: { "Content-Type": "text/plain" }, body: "Forbidden" });
        return;
      }
      const header = (name: string): string | undefined => request.headers[name]?.toString();
      const asked = { method, path: url.split("?", 1)[0] ?? "", header };
      void this.#options.respond(resourceId, asked).then((answer) => send(response, answer));
    });
    server.maxConnections = CONNECTIONS_MAX;
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    // These listeners do not keep a process alive whose server could not start, or has ended.
    server.unref();
    return server;
  }
}

/**
 * A site can make its own name stand for this machine, and send requests from the browser of a person at it. Such requests
 * carry the site's name as host. Programs of an instance use the address that they were given, and only browsers send an
 * origin.
 */
function isOwn({ host, origin }: IncomingHttpHeaders): boolean {
  return origin === undefined && /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host ?? "");
}
