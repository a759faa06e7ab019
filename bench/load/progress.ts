/**
 * How far a server has come with a list of requests: which request is next, and whether the answers are right. Every answer's
 * status is checked; for one request in sixteen and all its replays, the body is checked as well.
 */
import type { PlannedRequest } from "./workload.ts";

/** A request that is ready to be sent, and what its answer must be. */
export interface ReadyRequest extends Pick<PlannedRequest, "replayOf" | "duplicate"> {
  readonly bytes: Buffer;
  readonly recordCount: number;
}

export interface Counts {
  readonly answers: number;
  /** How many records were accepted, according to the answers; replays and duplicates are not counted. */
  readonly acceptedRecords: number;
  readonly replays: number;
  readonly duplicates: number;
  readonly failures: number;
  readonly firstFailure: string | undefined;
  /** How many answers had their bodies checked. */
  readonly sampled: number;
}

interface Answer {
  readonly Results?: readonly { readonly Status: string; readonly MeteringRecordId?: string }[];
}

const SAMPLE_EVERY = 16;

export class Progress {
  readonly #requests: readonly ReadyRequest[];
  readonly #answered: Uint8Array;
  /** The record ids of the requests whose bodies are checked. */
  readonly #recordIds = new Map<number, readonly (string | undefined)[]>();
  readonly #expectSuccess: boolean;
  readonly #repeat: boolean;
  #sent = 0;
  #allowed = Number.POSITIVE_INFINITY;
  #counts = NOTHING;

  /** `repeat`: begins again with the first request after the last one. For servers that keep nothing. */
  constructor(
    requests: readonly ReadyRequest[],
    { expectSuccess, repeat }: { expectSuccess: boolean; repeat: boolean },
  ) {
    this.#requests = requests;
    this.#answered = new Uint8Array(requests.length);
    this.#expectSuccess = expectSuccess;
    this.#repeat = repeat;
  }

  /** Allows this many more requests from now on. */
  allow(requests: number): void {
    this.#allowed = this.#sent + requests;
  }

  /** The index of the next request in the list; undefined after the last one. */
  next(): number | undefined {
    if (this.#sent >= this.#allowed) return undefined;
    if (this.#sent >= this.#requests.length && !this.#repeat) return undefined;
    const place = this.#sent % this.#requests.length;
    this.#sent += 1;
    return place;
  }

  /** Whether the answer to the request that the next one repeats has come, if it repeats one. */
  isReady(): boolean {
    const { replayOf, duplicate } = this.request(this.#sent % this.#requests.length);
    const repeated = replayOf ?? duplicate?.of;
    return repeated === undefined || this.#answered[repeated] === 1;
  }

  get sent(): number {
    return this.#sent;
  }

  request(place: number): ReadyRequest {
    return this.#requests[place] as ReadyRequest;
  }

  isSampled(place: number): boolean {
    return (this.request(place).replayOf ?? place) % SAMPLE_EVERY === 0;
  }

  take(place: number, status: number, body: string | undefined): void {
    const { recordCount, replayOf, duplicate } = this.request(place);
    this.#answered[place] = 1;
    const counts = this.#counts;
    const wrong = this.#whatIsWrong(place, status, body);
    const taken = duplicate === undefined ? recordCount : recordCount - 1;
    this.#counts = {
      answers: counts.answers + 1,
      acceptedRecords: counts.acceptedRecords + (replayOf === undefined ? taken : 0),
      replays: counts.replays + (replayOf === undefined ? 0 : 1),
      duplicates: counts.duplicates + (duplicate === undefined ? 0 : 1),
      failures: counts.failures + (wrong === undefined ? 0 : 1),
      firstFailure: counts.firstFailure ?? wrong,
      sampled: counts.sampled + (body === undefined ? 0 : 1),
    };
  }

  /** The counts since the last call. */
  counts(): Counts {
    const counts = this.#counts;
    this.#counts = NOTHING;
    return counts;
  }

  #whatIsWrong(place: number, status: number, body: string | undefined): string | undefined {
    if (status !== 200) return `${status} ${body ?? ""}`;
    if (body === undefined || !this.#expectSuccess) return undefined;
    const { recordCount, replayOf, duplicate } = this.request(place);
    const { Results: results = [] } = JSON.parse(body) as Answer;
    const asExpected = results.every(
      ({ Status }, position) => Status === (position === duplicate?.position ? "DuplicateRecord" : "Success"),
    );
    if (results.length !== recordCount || !asExpected) return `not as expected: ${body}`;
    const recordIds = results.map(({ MeteringRecordId: id }) => id);
    if (replayOf === undefined) {
      this.#recordIds.set(place, recordIds);
      return undefined;
    }
    const before = this.#recordIds.get(replayOf);
    const same = recordIds.every((id, position) => id !== undefined && id === before?.[position]);
    return same ? undefined : `not the ids of the first answer, ${String(before)}: ${body}`;
  }
}

const NOTHING: Counts = {
  answers: 0,
  acceptedRecords: 0,
  replays: 0,
  duplicates: 0,
  failures: 0,
  firstFailure: undefined,
  sampled: 0,
};
