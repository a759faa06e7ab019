/** Keeps requests below the service's quota: each waits for its turn, and turns are evenly spaced. */
import type { World } from "../world.ts";

export class Pacer {
  readonly #world: Pick<World, "monotonicMs" | "delay">;
  #nextMs = 0;

  constructor(world: Pick<World, "monotonicMs" | "delay">) {
    this.#world = world;
  }

  /** Resolves when it is this request's turn; rejects when the signal is aborted before. */
  async turn(perSecond: number, signal: AbortSignal | undefined): Promise<void> {
    const nowMs = this.#world.monotonicMs();
    const turnMs = Math.max(nowMs, this.#nextMs);
    this.#nextMs = turnMs + 1000 / perSecond;
    if (turnMs > nowMs) await this.#world.delay(turnMs - nowMs, signal);
  }
}
