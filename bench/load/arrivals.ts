/** When requests are due. */
import { seededRandom } from "./random.ts";

export interface Arrivals {
  /** When the next request is due, or was due; undefined when no more will come. */
  next(nowMs: number): number | undefined;
  /** To be called when the request of `next` has been sent. */
  taken(): void;
}

/** A closed loop: a connection sends when it is free, so a slow server gets fewer requests. */
export function asAnswersCome(endsAtMs: number): Arrivals {
  return { next: (nowMs) => (nowMs < endsAtMs ? nowMs : undefined), taken: () => undefined };
}

/** An open loop: times do not depend on the server. */
export function atTimes(startMs: number, offsetsMs: Float64Array): Arrivals {
  let taken = 0;
  return {
    next: () => {
      const offsetMs = offsetsMs[taken];
      return offsetMs === undefined ? undefined : startMs + offsetMs;
    },
    taken: () => {
      taken += 1;
    },
  };
}

const SEED = 20_260_302;

/** The times of a Poisson process, from its start; the same in every run with this rate. */
export function poissonOffsetsMs(perSecond: number, seconds: number): Float64Array {
  const random = seededRandom(SEED);
  const offsetsMs: number[] = [];
  let offsetMs = 0;
  for (;;) {
    offsetMs += (-Math.log(1 - random()) * 1000) / perSecond;
    if (offsetMs >= seconds * 1000) return Float64Array.from(offsetsMs);
    offsetsMs.push(offsetMs);
  }
}
