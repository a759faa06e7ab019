/**
 * The requests of a load, in their order:
 *
 * * `full`: batches of 25 records, all keys distinct;
 * * `mixed`: the same, but one request in ten is a replay of an earlier one (the same body, sent and signed again), and one
 *   record in a hundred is a duplicate: it has the key of an earlier one, and another quantity;
 * * `single`: requests of one record, all keys distinct.
 *
 * A repeated request is between `DISTANCE` and twice as many requests back, which is more than there are connections. So its
 * answer has come by then (and if not, `sending.ts` waits for it). A list of mixed requests therefore begins with requests that
 * repeat nothing, which must be sent before anything is measured. A seed decides which requests are replays, of which requests,
 * and which records are duplicates: they are the same in every run, and for every server.
 */
import { RECORDS_PER_BATCH, type BenchRecord, type RecordMaker } from "./records.ts";
import { seededRandom } from "./random.ts";

export type WorkloadName = keyof typeof WORKLOADS;

interface Workload {
  readonly recordsPerRequest: number;
  readonly repeats: boolean;
}

export const WORKLOADS = {
  full: { recordsPerRequest: RECORDS_PER_BATCH, repeats: false },
  mixed: { recordsPerRequest: RECORDS_PER_BATCH, repeats: true },
  single: { recordsPerRequest: 1, repeats: false },
} as const satisfies Record<string, Workload>;

export interface PlannedRequest {
  readonly records: readonly BenchRecord[];
  readonly region: string;
  /** The index in the list of the request that this one is a replay of. */
  readonly replayOf?: number | undefined;
  readonly duplicate?: Duplicate | undefined;
}

interface Duplicate {
  readonly position: number;
  /** The index in the list of the request whose record, at the same position, has the key. */
  readonly of: number;
}

const DISTANCE = 128;
/** One request in this many is a replay. */
const REPLAY_EVERY = 10;
const DUPLICATES = 0.01;
const SEED = 20_260_301;

export function isWorkloadName(name: string): name is WorkloadName {
  return Object.hasOwn(WORKLOADS, name);
}

/** How many requests of a list must be sent before anything is measured. */
export function leadInOf(name: WorkloadName): number {
  return WORKLOADS[name].repeats ? 2 * DISTANCE : 0;
}

/** A list of requests; what a request repeats is in the same list. */
export function* plannedRequests(name: WorkloadName, maker: RecordMaker, count: number): Generator<PlannedRequest> {
  const { recordsPerRequest, repeats } = WORKLOADS[name];
  const repetitions = repeats ? new Repetitions() : undefined;
  for (let place = 0; place < count; place += 1) {
    const fresh = (): PlannedRequest => maker.next(recordsPerRequest);
    yield repetitions === undefined ? fresh() : repetitions.next(place, fresh);
  }
}

/** Decides for each index of a list what the request repeats. */
class Repetitions {
  readonly #random = seededRandom(SEED);
  /** The requests that are near enough to be repeated, by index. */
  readonly #recent = new Map<number, PlannedRequest>();
  /** The index, among these ten, of the replay. */
  #replayAt = -1;
  /** How many duplicates are still to be placed, so that one record in a hundred is one. */
  #owed = 0;

  next(place: number, fresh: () => PlannedRequest): PlannedRequest {
    const request = place < 2 * DISTANCE ? fresh() : (this.#replay(place) ?? this.#withDuplicate(place, fresh()));
    this.#recent.set(place, request);
    this.#recent.delete(place - 2 * DISTANCE);
    return request;
  }

  #replay(place: number): PlannedRequest | undefined {
    this.#owed += DUPLICATES * RECORDS_PER_BATCH;
    if (place % REPLAY_EVERY === 0) this.#replayAt = place + Math.floor(this.#random() * REPLAY_EVERY);
    if (place !== this.#replayAt) return undefined;
    // A request with a duplicate would not be answered by successes only when it is sent again.
    const of = this.#draw(place, (candidate) => candidate.duplicate === undefined);
    const original = of === undefined ? undefined : this.#recent.get(of);
    return original && { records: original.records, region: original.region, replayOf: of };
  }

  /** At the beginning of a region there is no record to duplicate yet; the owed duplicates are placed soon after. */
  #withDuplicate(place: number, request: PlannedRequest): PlannedRequest {
    if (this.#owed < 1) return request;
    const of = this.#draw(place, (candidate) => candidate.region === request.region && !candidate.duplicate);
    if (of === undefined) return request;
    this.#owed -= 1;
    const position = Math.floor(this.#random() * request.records.length);
    const taken = this.#recent.get(of)?.records[position] as BenchRecord;
    const records = request.records.with(position, { ...taken, Quantity: taken.Quantity + 1 });
    return { ...request, records, duplicate: { position, of } };
  }

  /** The index of a suitable request that is no replay itself. */
  #draw(place: number, isGood: (candidate: PlannedRequest) => boolean): number | undefined {
    const good = [...this.#recent]
      .filter(([of, candidate]) => of <= place - DISTANCE && candidate.replayOf === undefined && isGood(candidate))
      .map(([of]) => of);
    return good[Math.floor(this.#random() * good.length)];
  }
}
