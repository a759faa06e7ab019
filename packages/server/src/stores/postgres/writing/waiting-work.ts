/**
 * Work that has arrived, in its order, and the groups it is taken in. A group is about one product. Where much waits for a
 * product, the next group of it is begun beside the one under way: work that came at the same time has no order, and work
 * that came after an answer finds what was answered in the ledger.
 */
import type { DecidedGroup, Pending } from "../../../ledger/group-decision.ts";
import type { Work } from "../../../ledger/ledger.ts";

interface Waiting extends Pending {
  readonly column: string;
  readonly untilMs: number;
}

/** What a reset is about: no product has such a name. */
const EVERYTHING = "\0everything";
/** What is about no product: changes of the catalogue among others, which only stand in each other's way. */
const NO_PRODUCT = "";
/** So much waits before a group is begun beside another of its product: each costs the same, however small. */
const BESIDE_WORKS_MIN = 10;

export class Group {
  readonly column: string;
  /** As decisions are given it: whoever fails in one try may succeed in the next, so nobody is told before the end. */
  readonly works: readonly Pending[];
  /** How much of it the newest try took in; the rest is for the next group. */
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

  /** Tells everyone who was taken in: what was decided, or that the decision threw. */
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

  /**
   * The next group that may be begun now, of a product of which one may. A reset waits for all before it, and all after it for
   * the reset.
   */
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

  /** What a group did not take in goes on waiting, before all that came after it. */
  putBack({ rest }: Group): void {
    if (rest.length > 0) this.#waiting.unshift(...rest);
  }

  /** Tells those whose time is up. */
  expire(nowMs: number, why: () => Error): void {
    const late = this.#waiting.filter(({ untilMs }) => untilMs <= nowMs);
    if (late.length === 0) return;
    this.#waiting = this.#waiting.filter(({ untilMs }) => untilMs > nowMs);
    for (const { reject } of late) reject(why());
  }

  fail(error: Error): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }

  /** Tells those who wait for one product. */
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

/** The first product that enough waits for to be worth a group beside others. */
function crowdedColumn(waiting: readonly Waiting[]): string | undefined {
  const counts = new Map<string, number>();
  for (const { column } of waiting) {
    const count = (counts.get(column) ?? 0) + 1;
    if (count >= BESIDE_WORKS_MIN && column !== NO_PRODUCT) return column;
    counts.set(column, count);
  }
  return undefined;
}

/** What a group about it is about. */
export function columnOf({ reset, work }: Pending): string {
  return reset ? EVERYTHING : offeringOf(work);
}

/** What a request is about, and what its entry's row lies beside: fixed by the request; empty where that is no product. */
export function offeringOf({ keys, productCode }: Work<unknown>): string {
  return keys[0]?.offering ?? productCode ?? NO_PRODUCT;
}
