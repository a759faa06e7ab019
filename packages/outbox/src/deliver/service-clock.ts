/** The service's time, as its answers tell it in this process; and beside it this machine's. */
import type { Times } from "../domain/entry-state.ts";
import type { StoreRow } from "../store/rows.ts";
import type { World } from "../world.ts";

/** As much of a client as tells the time. */
export interface TellsTime {
  /** The service's time by the last answer, and what has passed since; undefined before there was one. */
  serviceTime(): Date | undefined;
}

export class ServiceClock {
  readonly #client: TellsTime | undefined;
  readonly #world: Pick<World, "machineMs">;

  constructor(client: TellsTime | undefined, world: Pick<World, "machineMs">) {
    this.#client = client;
    this.#world = world;
  }

  /** Undefined before the service has told its time in this process: nothing closes or expires by another clock. */
  get toldMs(): number | undefined {
    return this.#client?.serviceTime()?.getTime();
  }

  times(): Times {
    return { serviceMs: this.toldMs, machineMs: this.#world.machineMs() };
  }

  /** The best that is known: told, or by what was told before, or by this machine. */
  bestMs({ serviceOffsetMs = 0 }: Pick<StoreRow, "serviceOffsetMs">): number {
    return this.toldMs ?? this.#world.machineMs() + serviceOffsetMs;
  }

  /** What to note in the store, for those who only record. */
  offsetMs(): number | undefined {
    const { toldMs } = this;
    return toldMs === undefined ? undefined : Math.round(toldMs - this.#world.machineMs());
  }
}
