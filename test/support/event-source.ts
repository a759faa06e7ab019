/** Reads server-sent events over a socket of its own, and keeps them as they stood on the wire. */
import { request, type IncomingMessage } from "node:http";
import type { Served } from "./server.ts";
import { until } from "./until.ts";

interface SentEvent {
  readonly id: string | undefined;
  readonly kind: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Asked {
  /** The query after `/activity`, such as `?operation=MeterUsage`. */
  readonly query?: string;
  readonly lastEventId?: string;
  readonly token?: string;
  /** Stops reading at once and silently. */
  readonly stalled?: boolean;
}

export class EventSource {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly events: SentEvent[] = [];
  comments = 0;
  isEnded = false;
  readonly #response: IncomingMessage;
  #rest = "";
  #lastId: string | undefined;

  private constructor(response: IncomingMessage, stalled: boolean) {
    this.#response = response;
    this.status = response.statusCode ?? 0;
    this.headers = response.headers;
    response.on("close", () => (this.isEnded = true));
    response.on("error", () => undefined);
    if (stalled) response.pause();
    else this.read();
  }

  /** Resolves once the answer has begun. */
  static open(server: Pick<Served, "operatorUrl" | "operatorToken">, asked: Asked = {}): Promise<EventSource> {
    const { query = "", lastEventId, token = server.operatorToken, stalled = false } = asked;
    return new Promise((resolve, reject) => {
      const headers = {
        authorization: `Bearer ${token}`,
        ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
      };
      const call = request(`${server.operatorUrl}/activity${query}`, { headers, agent: false });
      call.on("error", reject);
      call.on("response", (response) => resolve(new EventSource(response, stalled)));
      call.end();
    });
  }

  /** Begins to read, or reads on. */
  read(): void {
    this.#response.on("data", (chunk: Buffer) => this.#take(chunk.toString("utf8")));
    this.#response.resume();
  }

  /** Reads one byte, where there is one. */
  readByte(): void {
    const byte = this.#response.read(1) as Buffer | null;
    if (byte !== null) this.#take(byte.toString("latin1"));
  }

  /** The request ids of the received calls, in the order in which they came. */
  get requestIds(): readonly string[] {
    return this.events.filter(({ kind }) => kind === "message").map(({ data }) => String(data["requestID"]));
  }

  /** The id to go on from: as in browsers, one that comes without an event counts, too. */
  get lastId(): string | undefined {
    return this.#lastId;
  }

  get gaps(): readonly SentEvent[] {
    return this.events.filter(({ kind }) => kind === "gap");
  }

  /** Waits until all of these have been received. */
  async heard(requestIds: readonly string[]): Promise<void> {
    await until(() => {
      const heard = new Set(this.requestIds);
      return requestIds.every((id) => heard.has(id));
    });
  }

  close(): void {
    this.#response.destroy();
  }

  #take(text: string): void {
    const blocks = (this.#rest + text).split("\n\n");
    this.#rest = blocks.pop() ?? "";
    for (const block of blocks) this.#event(block.split("\n"));
  }

  #event(lines: readonly string[]): void {
    const valueOf = (field: string): string | undefined =>
      lines.find((line) => line.startsWith(`${field}: `))?.slice(field.length + 2);
    this.#lastId = valueOf("id") ?? this.#lastId;
    const data = valueOf("data");
    if (data !== undefined) {
      const kind = valueOf("event") ?? "message";
      this.events.push({ id: valueOf("id"), kind, data: JSON.parse(data) as SentEvent["data"] });
    } else if (lines.some((line) => line.startsWith(":"))) this.comments += 1;
  }
}
