/** A book of everything that was sent and answered, with which the ledger is compared. */
import type { Served } from "./server.ts";

/** One usage record of the load; its key is everything but the quantity. */
export interface Usage {
  readonly customerIdentifier: string;
  readonly dimension: string;
  readonly timestampMs: number;
  readonly quantity: number;
}

export type Batch = readonly Usage[];

export interface Answer {
  readonly status: number;
  /** The error's name, if the answer was an error. */
  readonly error?: string | undefined;
  /** In the order of the batch. */
  readonly results: readonly { readonly id: string; readonly status: string }[];
}

/** What the server said of one usage record: from then on it must hold. */
interface Acknowledged {
  readonly key: string;
  readonly quantity: number;
  readonly id: string;
  readonly status: string;
}

interface Kept {
  readonly key: string;
  readonly quantity: number;
  readonly id: string;
}

/** How a ledger differs from the book; every number must be 0. */
interface Differences {
  /** Acknowledged, but not there under the key. */
  lost: number;
  /** There, with another id or quantity than was acknowledged. */
  changed: number;
  /** Kept more than once, or an id that two records have. */
  twice: number;
  /** Kept, although nobody sent it. */
  invented: number;
  /** The first few, in words. */
  examples: string[];
}

export const NO_DIFFERENCES: Differences = { lost: 0, changed: 0, twice: 0, invented: 0, examples: [] };

const HOUR_MS = 3_600_000;

export function keyOf(usage: Omit<Usage, "quantity">): string {
  const hour = new Date(Math.floor(usage.timestampMs / HOUR_MS) * HOUR_MS).toISOString();
  return `${hour} ${usage.customerIdentifier} ${usage.dimension}`;
}

export class Book {
  /** Batches that were answered with 200, for replays. */
  readonly acknowledged: Batch[] = [];
  /** Batches that were sent and not answered, or answered with a fault: nobody knows whether they were kept. */
  readonly open = new Set<Batch>();
  /** How many answers there were, by error name (`ok` for successes). */
  readonly answers: Record<string, number> = {};
  readonly #acknowledged: Acknowledged[] = [];
  readonly #sent = new Map<string, Set<number>>();

  get records(): number {
    return this.#acknowledged.length;
  }

  /** The number of keys whose outcome the caller knows. */
  get acknowledgedKeys(): number {
    return new Set(this.#acknowledged.map(({ key }) => key)).size;
  }

  /** The number of keys that were sent so far. */
  get keys(): number {
    return this.#sent.size;
  }

  sending(batch: Batch): void {
    this.open.add(batch);
    for (const usage of batch) {
      const key = keyOf(usage);
      const quantities = this.#sent.get(key);
      if (quantities === undefined) this.#sent.set(key, new Set([usage.quantity]));
      else quantities.add(usage.quantity);
    }
  }

  answered(batch: Batch, answer: Answer): void {
    const name = answer.error ?? "ok";
    this.answers[name] = (this.answers[name] ?? 0) + 1;
    if (answer.status !== 200) return;
    this.open.delete(batch);
    this.acknowledged.push(batch);
    for (const [i, usage] of batch.entries()) {
      const { id, status } = answer.results[i] ?? { id: "missing", status: "missing" };
      this.#acknowledged.push({ key: keyOf(usage), quantity: usage.quantity, id, status });
    }
  }

  /** Compares everything acknowledged so far with everything kept. */
  compare(kept: readonly Kept[]): Differences {
    const differences: Differences = { ...NO_DIFFERENCES, examples: [] };
    const note = (kind: "lost" | "changed" | "twice" | "invented", what: object): void => {
      differences[kind] += 1;
      if (differences.examples.length < 5) differences.examples.push(`${kind}: ${JSON.stringify(what)}`);
    };
    const byKey = new Map<string, Kept>();
    const ids = new Set<string>();
    for (const record of kept) {
      if (byKey.has(record.key) || ids.has(record.id)) note("twice", { record, other: byKey.get(record.key) });
      byKey.set(record.key, record);
      ids.add(record.id);
      if (this.#sent.get(record.key)?.has(record.quantity) !== true) note("invented", record);
    }
    for (const acknowledged of this.#acknowledged) {
      const record = byKey.get(acknowledged.key);
      if (record === undefined) note("lost", acknowledged);
      else if (!agrees(acknowledged, record)) note("changed", { acknowledged, record });
    }
    return differences;
  }
}

/** The same usage must be answered with Success, other usage with DuplicateRecord, and both with the id that stands. */
function agrees(acknowledged: Acknowledged, kept: Kept): boolean {
  const status = acknowledged.quantity === kept.quantity ? "Success" : "DuplicateRecord";
  return acknowledged.id === kept.id && acknowledged.status === status;
}

interface RecordsPage {
  readonly items: readonly {
    readonly meteringRecordId: string;
    readonly customerIdentifier: string;
    readonly dimension: string;
    readonly hour: string;
    readonly quantity: number;
  }[];
  readonly nextCursor?: string;
}

/** Everything that the server's ledger holds, read through its operator API. */
export async function keptBy(server: Pick<Served, "operator">): Promise<Kept[]> {
  const kept: Kept[] = [];
  let cursor: string | undefined;
  do {
    const from = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const { status, body } = await server.operator("GET", `/metering-records?limit=1000${from}`);
    if (status !== 200) throw new Error(`The operator API answered ${status}: ${JSON.stringify(body)}`);
    const page = body as RecordsPage;
    for (const { meteringRecordId, customerIdentifier, dimension, hour, quantity } of page.items) {
      const key = keyOf({ customerIdentifier, dimension, timestampMs: Date.parse(hour) });
      kept.push({ key, quantity, id: meteringRecordId });
    }
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  return kept;
}
