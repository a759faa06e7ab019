/**
 * Waiting work in the order of its arrival, and the groups that are made of it. A group is about one product. Where much work
 * waits for a product, its next group is begun beside the one under way. That is right: works that arrive at the same time have
 * no order, and work that arrives after an answer finds in the ledger what was answered.
 */
import type { DecidedGroup, Pending } from "../../../ledger/group-decision.ts";
import type { Work } from "../../../ledger/ledger.ts";

interface Waiting extends Pending {
  readonly column: string;
  readonly untilMs: number;
}

/** The column of a reset. No product has such a name. */
const EVERYTHING = "\0everything";
/** The column of work that is about no product, such as changes of the catalogue; such groups only delay each other. */
const NO_PRODUCT = "";
/** How many works must wait before a second group of a product is begun; a group costs the same however small it is. */
const BESIDE_WORKS_MIN = 10;

export class Group {
  readonly column: string;
  /** The works as decisions get them: a rejection is noted, and told at the end, since the next try may succeed. */
  readonly works: readonly Pending[];
  /** How many works the newest try took in; the others are for the next group. */
  taken: number;
  readonly #waiting: readonly Waiting[];
  readonly #mistakes = new Map<number, Error>();

  constructor(column: string, waiting: readonly Waiting[]) {
    this.column = column;
    this.#waiting = waiting;
    this.works = waiting.map((one, i) => ({ ...one, reject: (error: Error) => void this.#mistakes.set(i, error) }));
    this.taken = waiting.length;
  }

  get rest(): readonly Waiting[] {
    return this.#waiting.slice(this.taken);
  }

  /** Answers the callers whose work was taken in: with the decision's answer, or with the error that the decision threw. */
  settle({ decided }: DecidedGroup): void {
    const outcomes = new Map(decided.map(({ pending, outcome }) => [pending, outcome]));
    for (const [i, waiting] of this.#waiting.slice(0, this.taken).entries()) {
      const outcome = outcomes.get(this.works[i] as Pending);
      if (outcome === undefined) waiting.reject(this.#mistakes.get(i) ?? new Error("Not decided."));
      else waiting.resolve(outcome.answer);
    }
  }

  fail(error: Error): void {
    for (const waiting of this.#waiting.slice(0, this.taken)) waiting.reject(error);
  }
}

export class WaitingWork {
  #waiting: Waiting[] = [];

  get length(): number {
    return this.#waiting.length;
  }

  add(pending: Pending, untilMs: number): void {
    this.#waiting.push({ ...pending, column: columnOf(pending), untilMs });
  }

  /** The next group that may be begun now. A reset waits for all earlier work, and all later work waits for the reset. */
  take(underWay: ReadonlySet<Group>, worksMax: number, mayBegin?: (column: string) => boolean): Group | undefined {
    const busy = new Set([...underWay].map(({ column }) => column));
    if (busy.has(EVERYTHING)) return undefined;
    const reset = this.#waiting.findIndex(({ column }) => column === EVERYTHING);
    if (reset === 0) {
      return busy.size > 0 ? undefined : new Group(EVERYTHING, this.#waiting.splice(0, 1));
    }
    const all = reset === -1 ? this.#waiting : this.#waiting.slice(0, reset);
    const before = mayBegin === undefined ? all : all.filter(onceEach(mayBegin));
    const column = before.find((one) => !busy.has(one.column))?.column ?? crowdedColumn(before);
    if (column === undefined) return undefined;
    const works = before.filter((one) => one.column === column).slice(0, worksMax);
    const taken = new Set(works);
    this.#waiting = this.#waiting.filter((one) => !taken.has(one));
    return new Group(column, works);
  }

  /** Puts the works that a group did not take in back, before all later works. */
  putBack({ rest }: Group): void {
    if (rest.length > 0) this.#waiting.unshift(...rest);
  }

  /** Rejects the works whose waiting time is over. */
  expire(nowMs: number, why: () => Error): void {
    const late = this.#waiting.filter(({ untilMs }) => untilMs <= nowMs);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > nowMs);
    for (const { reject } of late) reject(why());
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Rejects the works that wait for one product. */
  failColumn(column: string, error: Error): void {
    const failed = this.#waiting.filter((one) => one.column === column);
    this.#waiting = this.#waiting.filter((one) => one.column !== column);
    for (const { reject } of failed) reject(error);
  }
}

function onceEach(mayBegin: (column: string) => boolean): (one: Waiting) => boolean {
  const asked = new Map<string, boolean>();
  return ({ column }) => {
    let may = asked.get(column);
    if (may === undefined) asked.set(column, (may = mayBegin(column)));
    return may;
  };
}

/** The first product for which enough works wait to begin another group beside the one under way. */
function crowdedColumn(waiting: readonly Waiting[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { column } of waiting) {
    const count = (counts.get(column) ?? 0) + 1;
    if (count >= BESIDE_WORKS_MIN && column !== NO_PRODUCT) return column;
    counts.set(column, count);
  }
  return undefined;
}

/** The column of a work: groups are formed by it. */
export function columnOf({ reset, work }: Pending): string {
  return reset ? EVERYTHING : offeringOf(work);
}

/** The product or licence that a request is about; the row of its entry lies on that shard. Empty where it is about none. */
export function offeringOf({ keys, productCode }: Work<unknown>): string {
  return keys[0]?.offering ?? productCode ?? NO_PRODUCT;
}
