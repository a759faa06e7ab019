/**
 * A metering service in this process that keeps a ledger, and treats requests as a script says: done or not, answered or not.
 * What it keeps can be compared with what a client reports.
 */
import { listen, wireError, type HeardRequest, type Listener, type ScriptedAnswer } from "./listener.ts";

/**
 * What happens to a request. `lost`: the connection is cut; `fault`: it is answered with 500; each before or after the records
 * were kept. `duplicates`: what is kept stands, even the same record, and all other keys count as kept by somebody else before.
 */
export type Happening =
  | "fine"
  | "lost before"
  | "lost after"
  | "fault before"
  | "fault after"
  | "unprocessed"
  | "half unprocessed"
  | "not subscribed"
  | "duplicates"
  | "throttled";

interface WireRecord {
  readonly CustomerIdentifier: string;
  readonly Dimension: string;
  readonly Timestamp: number;
  readonly Quantity?: number;
}

interface Kept {
  readonly id: string;
  readonly text: string;
  readonly byOther: boolean;
}

export class MeteringService {
  /** By key. */
  readonly #ledger = new Map<string, Kept>();
  readonly #next: (index: number) => Happening;
  #listener: Listener | undefined;

  /** `next` says what happens to the request of an index, from 0 on. */
  private constructor(next: (index: number) => Happening) {
    this.#next = next;
  }

  /** Ends with the test. */
  static async open(next: (index: number) => Happening): Promise<MeteringService> {
    const service = new MeteringService(next);
    service.#listener = await listen((request, index, { incoming }) => {
      const answer = service.#answer(request, index);
      if (answer === undefined) incoming.socket.destroy();
      return answer;
    });
    return service;
  }

  get url(): string {
    return this.#listener?.url ?? "";
  }

  get heard(): readonly HeardRequest[] {
    return this.#listener?.heard ?? [];
  }

  /** The id under which a customer's record of a dimension was kept for the sender. */
  idOf(customerIdentifier: string, dimension: string): string | undefined {
    const kept = this.#ledger.get(`${customerIdentifier} ${dimension}`);
    return kept?.byOther === true ? undefined : kept?.id;
  }

  /** Undefined cuts the connection. */
  #answer({ text }: HeardRequest, index: number): ScriptedAnswer | undefined {
    const { UsageRecords: records } = JSON.parse(text) as { readonly UsageRecords: readonly WireRecord[] };
    const happening = this.#next(index);
    switch (happening) {
      case "throttled":
        return wireError("ThrottlingException");
      case "lost before":
        return undefined;
      case "fault before":
        return { status: 500 };
      case "lost after":
        this.#keepAll(records);
        return undefined;
      case "fault after":
        this.#keepAll(records);
        return { status: 500 };
      case "unprocessed":
        return { body: { Results: [], UnprocessedRecords: records } };
      case "half unprocessed": {
        const middle = Math.ceil(records.length / 2);
        return {
          body: { Results: this.#keepAll(records.slice(middle)), UnprocessedRecords: records.slice(0, middle) },
        };
      }
      case "not subscribed":
        return { body: { Results: records.map((UsageRecord) => ({ UsageRecord, Status: "CustomerNotSubscribed" })) } };
      case "duplicates":
        return { body: { Results: records.map((record) => this.#duplicate(record)) } };
      case "fine":
        return { body: { Results: this.#keepAll(records) } };
    }
  }

  #keepAll(records: readonly WireRecord[]): object[] {
    return records.map((UsageRecord) => {
      const { id, text } = this.#keep(UsageRecord, false);
      const Status = text === JSON.stringify(UsageRecord) ? "Success" : "DuplicateRecord";
      return { UsageRecord, Status, MeteringRecordId: id };
    });
  }

  #duplicate(UsageRecord: WireRecord): object {
    return { UsageRecord, Status: "DuplicateRecord", MeteringRecordId: this.#keep(UsageRecord, true).id };
  }

  #keep(record: WireRecord, byOther: boolean): Kept {
    const key = `${record.CustomerIdentifier} ${record.Dimension}`;
    const before = this.#ledger.get(key);
    if (before !== undefined) return before;
    const text = byOther ? "other usage" : JSON.stringify(record);
    const kept = { id: `id-${this.#ledger.size + 1}`, text, byOther };
    this.#ledger.set(key, kept);
    return kept;
  }
}
