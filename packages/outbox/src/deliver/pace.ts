/** Turns to send, at the service's quota across all senders of a store: taken from the store in blocks, used evenly. */
import type { OutboxStore } from "../store/store.ts";
import type { World } from "../world.ts";

const BLOCK_SECONDS = 2;

export class Pace {
  readonly #store: Pick<OutboxStore, "takeSlots">;
  readonly #world: Pick<World, "machineMs" | "monotonicMs" | "delay">;
  #last: Promise<unknown> = Promise.resolve();
  /** When, by the monotonic clock, the next slot of the block is, and how many are left. */
  #nextMs = 0;
  #left = 0;

  constructor(store: Pick<OutboxStore, "takeSlots">, world: Pick<World, "machineMs" | "monotonicMs" | "delay">) {
    this.#store = store;
    this.#world = world;
  }

  /** Resolves when it is the caller's turn; or, with the signal, at once. */
  turn(perSecond: number, signal: AbortSignal | undefined): Promise<void> {
    const mine = this.#last.then(() => this.#take(perSecond, signal));
    this.#last = mine.catch(() => undefined);
    return mine;
  }

  async #take(perSecond: number, signal: AbortSignal | undefined): Promise<void> {
    const everyMs = 1000 / perSecond;
    const nowMs = this.#world.monotonicMs();
    // A slot lasts until the next one; what has passed is lost, since others have sent meanwhile.
    const passed = this.#nextMs < nowMs ? Math.floor((nowMs - this.#nextMs) / everyMs) : 0;
    this.#left -= Math.min(this.#left, passed);
    this.#nextMs += passed * everyMs;
    if (this.#left === 0) {
      this.#left = Math.max(1, Math.floor(perSecond * BLOCK_SECONDS));
      const waitMs = await this.#store.takeSlots(this.#left, perSecond, this.#world.machineMs());
      this.#nextMs = this.#world.monotonicMs() + waitMs;
    }
    this.#left -= 1;
    const turnMs = this.#nextMs;
    this.#nextMs += everyMs;
    const restMs = turnMs - this.#world.monotonicMs();
    if (restMs > 0) await this.#world.delay(restMs, signal);
  }
}
