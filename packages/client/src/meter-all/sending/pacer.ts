/** Keeps requests below the service's quota: each waits for its turn, and turns are evenly spaced. */
import { untilAborted } from "../../call/until-aborted.ts";
import type { World } from "../../world.ts";

export class Pacer {
  readonly #world: Pick<World, "monotonicMs" | "delay">;
  /** Resolves when the last request that called `turn` has had its turn, or was aborted. */
  #last: Promise<void> = Promise.resolve();
  #lastTurnMs = Number.NEGATIVE_INFINITY;

  constructor(world: Pick<World, "monotonicMs" | "delay">) {
    this.#world = world;
  }

  /**
   * Resolves when it is this request's turn; rejects when the signal is aborted before. An aborted request takes no turn, so
   * later requests need not wait for it.
   */
  async turn(perSecond: number, signal: AbortSignal | undefined): Promise<void> {
    const mine = this.#last.then(() => this.#take(perSecond, signal));
    this.#last = mine.catch(() => undefined);
    await untilAborted(() => mine, signal);
  }

  async #take(perSecond: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const nowMs = this.#world.monotonicMs();
    const turnMs = Math.max(nowMs, this.#lastTurnMs + 1000 / perSecond);
    if (turnMs > nowMs) await this.#world.delay(turnMs - nowMs, signal);
    this.#lastTurnMs = turnMs;
  }
}
