/** Load for the suites that kill and break the server: signed BatchMeterUsage requests, over several connections. */
import { writeFileSync } from "node:fs";
import { Agent, request as openRequest } from "node:http";
import { join } from "node:path";
import type { Answer, Batch, Book, Usage } from "./book.ts";
import type { Random } from "./random.ts";
import { signed, wireRequest } from "./raw-client.ts";
import { DEMO } from "./server.ts";

const PRODUCT_CODE = "2abcdefghijklmnopqrstuvwx";
const CUSTOMERS = 500;
const DIMENSIONS = 8;
const HOURS = 23;
/** The service clock's time, at which the window of a day lies within one month. */
const NOW = "2026-07-20T23:30:00Z";

/** Writes a catalogue with room for 92,000 keys; answers the flags of a server for this load. */
export function loadServerArgs(catalogueFolder: string, dataFolder: string): string[] {
  return ["--store", `sqlite:${dataFolder}`, ...loadCatalogueArgs(catalogueFolder)];
}

/** The same, without the flag for the store. */
export function loadCatalogueArgs(catalogueFolder: string): string[] {
  const { seller, accessKeyId, secretAccessKey } = DEMO;
  const buyer = "444455556666";
  const catalogue = {
    accounts: [{ id: seller, users: [{ name: "metering", accessKeyId, secretAccessKey }] }, { id: buyer }],
    products: [
      {
        productCode: PRODUCT_CODE,
        title: "Load",
        seller,
        type: "saas",
        pricing: "usage",
        dimensions: Array.from({ length: DIMENSIONS }, (_, i) => ({ name: `dimension${i}` })),
      },
    ],
    agreements: Array.from({ length: CUSTOMERS }, (_, i) => ({
      agreementId: `agmt-${i}`,
      productCode: PRODUCT_CODE,
      customerAccountId: buyer,
      customerIdentifier: `customer${i}`,
      startsAt: "2020-01-01T00:00:00Z",
    })),
  };
  const file = join(catalogueFolder, "load.yaml");
  // JSON is also YAML.
  writeFileSync(file, JSON.stringify(catalogue));
  return ["--catalog", file, "--rules", "current", "--clock", `manual:${NOW}`];
}

/** The nth usage record of the load, under a key of its own. */
export function usageAt(n: number, quantity = 1 + (n % 1_000)): Usage {
  if (n >= CUSTOMERS * DIMENSIONS * HOURS) throw new Error("The load has used up all of its keys.");
  const hoursAgo = Math.floor(n / (CUSTOMERS * DIMENSIONS));
  return {
    customerIdentifier: `customer${n % CUSTOMERS}`,
    dimension: `dimension${Math.floor(n / CUSTOMERS) % DIMENSIONS}`,
    timestampMs: Date.parse(NOW) - hoursAgo * 3_600_000 - (n % 1_500) * 1_000,
    quantity,
  };
}

/** One keep-alive connection. */
export class Connection {
  readonly #endpoint: URL;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(endpoint: string) {
    this.#endpoint = new URL(endpoint);
  }

  /** Rejects where the connection breaks: then nobody knows what became of the batch. */
  meter(batch: Batch): Promise<Answer> {
    const { method, headers, body } = signed(wireRequest(this.#endpoint.origin, "BatchMeterUsage", inputOf(batch)));
    const { hostname, port } = this.#endpoint;
    return new Promise((resolve, reject) => {
      const sent = { ...(headers as Record<string, string>), "content-length": String(body.length) };
      const outgoing = openRequest(
        { hostname, port, method, path: "/", headers: sent, agent: this.#agent },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            if (!incoming.complete) reject(new Error("The answer ended early."));
            else resolve(answerOf(incoming.statusCode ?? 0, Buffer.concat(chunks).toString("utf8")));
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}

/** The members of a BatchMeterUsage request, as they are on the wire. */
interface WireInput {
  readonly ProductCode: string;
  readonly UsageRecords: readonly {
    /** Seconds. */
    readonly Timestamp: number;
    readonly CustomerIdentifier: string;
    readonly Dimension: string;
    readonly Quantity: number;
  }[];
}

export function inputOf(batch: Batch): WireInput {
  return {
    ProductCode: PRODUCT_CODE,
    UsageRecords: batch.map((usage) => ({
      Timestamp: usage.timestampMs / 1_000,
      CustomerIdentifier: usage.customerIdentifier,
      Dimension: usage.dimension,
      Quantity: usage.quantity,
    })),
  };
}

interface AnswerJson {
  readonly __type?: string;
  readonly Results?: readonly { readonly MeteringRecordId: string; readonly Status: string }[];
}

function answerOf(status: number, text: string): Answer {
  const { __type: type, Results = [] } = JSON.parse(text) as AnswerJson;
  const results = Results.map(({ MeteringRecordId, Status }) => ({ id: MeteringRecordId, status: Status }));
  return { status, error: type?.split("#").at(-1), results };
}

/** What callers do, good and bad: new usage, retries of all ages, and the same keys with other quantities. */
export class Workload {
  readonly #random: Random;
  readonly #book: Book;
  /** Batches that were just sent, and are most likely not answered yet. */
  readonly #recent: Batch[] = [];
  #next = 0;

  constructor(random: Random, book: Book) {
    this.#random = random;
    this.#book = book;
  }

  batch(): Batch {
    const { acknowledged } = this.#book;
    const kind = this.#random.fraction();
    if (kind < 0.1 && acknowledged.length > 0) return this.#random.pick(acknowledged);
    if (kind < 0.2 && acknowledged.length > 0) return withOtherQuantities(this.#random.pick(acknowledged));
    if (kind < 0.25 && this.#recent.length > 0) return [...this.#random.pick(this.#recent)];
    if (kind < 0.3 && this.#recent.length > 0) return withOtherQuantities(this.#random.pick(this.#recent));
    return this.#newUsage();
  }

  #newUsage(): Batch {
    const size = this.#random.fraction() < 0.1 ? 25 : this.#random.whole(1, 5);
    const batch = Array.from({ length: size }, (_, i) => usageAt(this.#next + i));
    this.#next += size;
    this.#recent.push(batch);
    if (this.#recent.length > 8) this.#recent.shift();
    return batch;
  }
}

function withOtherQuantities(batch: Batch): Batch {
  return batch.map((usage) => ({ ...usage, quantity: usage.quantity + 1 }));
}

interface Load {
  /** Waits until every connection has its answer, and closes it. */
  stop(): Promise<void>;
}

const FAULT_PAUSE_MS = 20;

/** Each connection sends one batch after the other, until it is stopped, or breaks. */
export function startLoad(endpoint: string, connections: number, workload: Workload, book: Book): Load {
  const stopping = new AbortController();
  const run = async (connection: Connection): Promise<void> => {
    try {
      while (!stopping.signal.aborted) {
        const batch = workload.batch();
        const answer = await meterInBook(connection, batch, book);
        if (answer.status >= 500) await new Promise((resume) => setTimeout(resume, FAULT_PAUSE_MS));
      }
    } catch {
      // The server is gone; the batch stays open in the book.
    } finally {
      connection.close();
    }
  };
  const running = Array.from({ length: connections }, () => run(new Connection(endpoint)));
  return {
    stop: async () => {
      stopping.abort();
      await Promise.all(running);
    },
  };
}

/** Sends a batch, and notes it and its answer in the book. */
export async function meterInBook(connection: Connection, batch: Batch, book: Book): Promise<Answer> {
  book.sending(batch);
  const answer = await connection.meter(batch);
  book.answered(batch, answer);
  return answer;
}

/** Sends every open batch again, as callers must, and a sample of the answered ones. */
export async function settle(endpoint: string, random: Random, book: Book, sample = 25): Promise<void> {
  const again = [...book.open];
  for (let i = 0; i < sample && book.acknowledged.length > 0; i += 1) again.push(random.pick(book.acknowledged));
  const connection = new Connection(endpoint);
  try {
    for (const batch of again) {
      const answer = await meterInBook(connection, batch, book);
      if (answer.status !== 200) throw new Error(`Sent again, a batch was answered ${answer.status} ${answer.error}.`);
    }
  } finally {
    connection.close();
  }
}
