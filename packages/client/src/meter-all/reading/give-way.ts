/** Makes long work pause for timers, sockets and health checks every few milliseconds. */
import type { World } from "../../world.ts";

const TURN_MS = 8;
/** The clock is read only at one call of `isDue` in this many. */
const ASKS = 16;

export class GiveWay {
  readonly #world: Pick<World, "monotonicMs" | "giveWay">;
  #asks = 0;
  #sinceMs: number;

  constructor(world: Pick<World, "monotonicMs" | "giveWay">) {
    this.#world = world;
    this.#sinceMs = world.monotonicMs();
  }

  isDue(): boolean {
    this.#asks += 1;
    return this.#asks % ASKS === 0 && this.#world.monotonicMs() - this.#sinceMs >= TURN_MS;
  }

  async now(): Promise<void> {
    await this.#world.giveWay();
    this.#sinceMs = this.#world.monotonicMs();
  }
}
