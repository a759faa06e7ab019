/**
 * Whether usage that was there in time was taken in time: told from the bindings' rows and the clock alone. A reading that was
 * recorded before its hour is closed of a customer who goes on may end as `late` only where all tenants of its identity had left for
 * half an hour; and what takes usage back is a credit only where something was sent that may have billed it.
 */
import type { Entry, OutboxStore, ReadingInput } from "@countinghouse/outbox";
import { isOutOfBounds } from "./service.ts";

type Bindings = Awaited<ReturnType<OutboxStore["bindings"]>>;
type Attempts = Awaited<ReturnType<OutboxStore["attemptsOf"]>>;

const HOUR_MS = 3_600_000;
const LEFT_MS = 1_800_000;

interface Followed {
  readonly reading: ReadingInput;
  readonly hourMs: number;
  readonly recordedMs: number;
  /** Whose it is, all the time since it was recorded; undefined where that was not one and the same. */
  identity: string | undefined;
}

export class Timeliness {
  readonly #holdOpenMs: number;
  readonly #dimensions: Readonly<Record<string, string>>;
  readonly #followed = new Map<string, Followed>();
  readonly #left = new Set<string>();
  readonly #fresh: { readonly key: string; readonly reading: ReadingInput }[] = [];
  #ended = 0;

  constructor(holdOpenMs: number, dimensions: Readonly<Record<string, string>>) {
    this.#holdOpenMs = holdOpenMs;
    this.#dimensions = dimensions;
  }

  recorded(key: string, reading: ReadingInput): void {
    this.#fresh.push({ key, reading });
  }

  /** After each step; `nowMs` is the service's time. */
  async problem(
    store: OutboxStore,
    nowMs: number,
    entries: readonly Entry[],
    attempts: Attempts,
    endedCount: number,
  ): Promise<string | undefined> {
    const bindings = await store.bindings();
    for (const { key, reading } of this.#fresh.splice(0)) {
      const hourMs = Math.floor((reading.at as Date).getTime() / HOUR_MS) * HOUR_MS;
      this.#followed.set(key, { reading, hourMs, recordedMs: nowMs, identity: whoseIs(reading, bindings) });
    }
    for (const one of this.#followed.values()) {
      const { reading, hourMs, identity } = one;
      if (identity === undefined) continue;
      if (whoseIs(reading, bindings) !== identity) one.identity = undefined;
      if (allHaveLeft(identity, hourMs, bindings, nowMs)) this.#left.add(`${identity} ${hourMs}`);
    }
    if (endedCount === this.#ended) return undefined;
    this.#ended = endedCount;
    for (const [key, one] of this.#followed) {
      const problem = await this.#problemOf(key, one, store, nowMs, entries, attempts);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }

  async #problemOf(
    key: string,
    { reading, hourMs, recordedMs, identity }: Followed,
    store: OutboxStore,
    nowMs: number,
    entries: readonly Entry[],
    attempts: Attempts,
  ): Promise<string | undefined> {
    const { tenant, meter, readingId } = reading;
    const readings = await store.readingsOf({ tenant, meter, hourMs, limit: 1_000 });
    const ended = readings.find((one) => one.readingId === readingId)?.ended;
    if (ended === undefined) return undefined;
    this.#followed.delete(key);
    if (identity === undefined || (ended !== "late" && ended !== "credited")) return undefined;
    const own = entries.filter(
      (entry) => entry.identity === identity && entry.dimension === this.#dimensions[meter] && entry.hourMs === hourMs,
    );
    const what = `${readingId}, recorded at ${new Date(recordedMs).toISOString()}, is ${ended}`;
    if (ended === "credited" && !own.some(({ entryId }) => attempts.some((attempt) => attempt.entryId === entryId)))
      return `a correction of what was never sent is credited: ${what}`;
    const isInTime = recordedMs < hourMs + HOUR_MS + this.#holdOpenMs;
    // Delivery did not run before the window had closed; or it was in an entry that somebody took apart.
    const isExcused = isOutOfBounds(hourMs + HOUR_MS - 1000, nowMs) || own.some(({ state }) => state === "dissolved");
    if (isInTime && !isExcused && !this.#left.has(`${identity} ${hourMs}`))
      return `usage that came in time is not billed: ${what}`;
    return undefined;
  }
}

/** Of each tenant, identity and start the last one counts. */
function current(bindings: Bindings): Bindings {
  return bindings.filter(
    ({ tenant, identity, fromMs }, at) =>
      !bindings
        .slice(at + 1)
        .some((later) => later.tenant === tenant && later.identity === identity && later.fromMs === fromMs),
  );
}

function whoseIs({ tenant, at }: ReadingInput, bindings: Bindings): string | undefined {
  const atMs = (at as Date).getTime();
  const identities = new Set(
    current(bindings)
      .filter((one) => one.tenant === tenant && one.fromMs <= atMs && atMs < (one.untilMs ?? Infinity))
      .map(({ identity }) => identity),
  );
  return identities.size === 1 ? [...identities][0] : undefined;
}

function allHaveLeft(identity: string, hourMs: number, bindings: Bindings, nowMs: number): boolean {
  const having = current(bindings).filter(
    (one) => one.identity === identity && one.fromMs < hourMs + HOUR_MS && (one.untilMs ?? Infinity) > hourMs,
  );
  const told = Math.max(...having.map(({ endToldMs = Infinity }) => endToldMs));
  return having.every(({ untilMs = Infinity }) => untilMs <= nowMs) && told + LEFT_MS <= nowMs;
}
