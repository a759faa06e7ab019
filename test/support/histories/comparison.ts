/** Compares the server's answers with the model's: the state of both, and the rules by which they agree. */
import type { UsageRecord } from "@countinghouse/protocol";
import { isDeepStrictEqual } from "node:util";
import type { ListedRecord } from "../operator-api.ts";
import { startOfHour, type BookedRecord, type MeterRequest, type Model } from "./model.ts";

/** An answer as it is on the wire. */
export interface WireAnswer {
  readonly status: number;
  readonly json: {
    readonly __type?: string;
    readonly Results?: readonly {
      readonly UsageRecord: object;
      readonly MeteringRecordId?: string;
      readonly Status: string;
    }[];
    readonly UnprocessedRecords?: readonly object[];
  };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export class Comparison {
  readonly model: Model;
  /** The ids that the server gave the model's records. */
  readonly #ids: Map<BookedRecord, string>;

  constructor(model: Model, ids: ReadonlyMap<BookedRecord, string> = new Map()) {
    this.model = model;
    this.#ids = new Map(ids);
  }

  /**
   * The states to which requests under way at once may have led: one for each order of the requests that explains their
   * answers. Throws where no order does.
   */
  after(requests: readonly MeterRequest[], answers: readonly WireAnswer[]): Comparison[] {
    const states: Comparison[] = [];
    const differences: string[] = [];
    for (const order of ordersOf(requests.length)) {
      const next = new Comparison(this.model.copy(), this.#ids);
      const difference = next.#meterAll(order, requests, answers);
      if (difference === undefined) states.push(next);
      else differences.push(`In the order ${order.join(", ")}: ${difference}`);
    }
    if (states.length > 0) return states;
    throw new Error(`${differences.join("\n")}\nThe clock stands at ${new Date(this.model.nowMs).toISOString()}.`);
  }

  /** The first record of the list that is not in the books, or differs there; undefined where there is none. */
  listingDifference(listed: readonly ListedRecord[]): string | undefined {
    const expected = new Map([...this.model.books.values()].map((record) => [this.#ids.get(record), record]));
    for (const item of listed) {
      const record = expected.get(item.meteringRecordId);
      if (record === undefined) return `Listed, and not in the books, or twice: ${JSON.stringify(item)}`;
      expected.delete(item.meteringRecordId);
      const { requestId: _, ...seen } = item as ListedRecord & { readonly requestId: string };
      const booked = { meteringRecordId: item.meteringRecordId, ...listedForm(record) };
      if (!isDeepStrictEqual(seen, booked))
        return `Listed as ${JSON.stringify(seen)}\nbooked as ${JSON.stringify(booked)}`;
    }
    if (expected.size === 0) return undefined;
    return `Booked, and not listed: ${JSON.stringify([...expected])}`;
  }

  #meterAll(
    order: readonly number[],
    requests: readonly MeterRequest[],
    answers: readonly WireAnswer[],
  ): string | undefined {
    for (const i of order) {
      const request = requests[i] as MeterRequest;
      const difference = this.#difference(request, answers[i] as WireAnswer);
      if (difference !== undefined) return `request ${i}: ${difference}\n${JSON.stringify(request)}`;
    }
    return undefined;
  }

  #difference(request: MeterRequest, { status, json }: WireAnswer): string | undefined {
    const outcome = this.model.meter(request);
    if (outcome.error !== undefined) {
      const same = status === 400 && json["__type"] === outcome.error;
      return same ? undefined : `expected ${outcome.error}, got ${status} ${JSON.stringify(json)}`;
    }
    const { Results = [], UnprocessedRecords } = json;
    const whole = status === 200 && Results.length === outcome.verdicts.length && UnprocessedRecords?.length === 0;
    if (!whole) return `expected ${outcome.verdicts.length} results, got ${status} ${JSON.stringify(json)}`;
    for (const [i, verdict] of outcome.verdicts.entries()) {
      const result = Results[i] as (typeof Results)[number];
      const echoed = isDeepStrictEqual(result.UsageRecord, wireForm(request.usageRecords[i] as UsageRecord));
      const named =
        verdict.standing === undefined
          ? result.MeteringRecordId === undefined
          : this.#isNamed(verdict.standing, result.MeteringRecordId);
      if (result.Status === verdict.status && named && echoed) continue;
      const kept = verdict.standing && { id: this.#ids.get(verdict.standing), ...verdict.standing };
      return `record ${i}: expected ${verdict.status}, where ${JSON.stringify(kept)} stands, got ${JSON.stringify(result)}`;
    }
    return undefined;
  }

  /** A known record must keep its id; a new one must have an id that no other has. */
  #isNamed(record: BookedRecord, id: string | undefined): boolean {
    const known = this.#ids.get(record);
    if (known !== undefined) return known === id;
    if (id === undefined || !UUID.test(id) || [...this.#ids.values()].includes(id)) return false;
    this.#ids.set(record, id);
    return true;
  }
}

function ordersOf(count: number): number[][] {
  if (count === 0) return [[]];
  const shorter = ordersOf(count - 1);
  return shorter.flatMap((order) => Array.from({ length: count }, (_, at) => order.toSpliced(at, 0, count - 1)));
}

/** A usage record in AWS JSON 1.1; undefined members are left out. */
export function wireForm(record: UsageRecord): object {
  const { timestampMs, quantity, customerIdentifier, dimension, usageAllocations, customerAccountId, licenseArn } =
    record;
  const members = {
    Timestamp: timestampMs / 1_000,
    CustomerIdentifier: customerIdentifier,
    Dimension: dimension,
    Quantity: quantity,
    UsageAllocations: usageAllocations?.map(({ allocatedUsageQuantity, tags }) => ({
      AllocatedUsageQuantity: allocatedUsageQuantity,
      ...(tags === undefined ? {} : { Tags: tags.map(({ key, value }) => ({ Key: key, Value: value })) }),
    })),
    CustomerAWSAccountId: customerAccountId,
    LicenseArn: licenseArn,
  };
  return withoutUndefined(members);
}

function listedForm({ usageRecord, productCode, region, recordedAtMs }: BookedRecord): object {
  const { timestampMs, quantity = 0, ...same } = usageRecord;
  const times = { hour: startOfHour(timestampMs), timestamp: timestampMs, recordedAt: recordedAtMs };
  const written = Object.entries(times).map(([name, atMs]) => [name, new Date(atMs).toISOString()]);
  return withoutUndefined({ ...same, quantity, productCode, region, ...Object.fromEntries(written) });
}

function withoutUndefined(members: object): object {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
