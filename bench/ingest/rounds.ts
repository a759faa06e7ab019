/** The rounds: in each, every server has its turn; the store alone comes after the server that is built on it. */
import { flushMs } from "../machine.ts";
import type { MeteringTarget, Target } from "../servers/targets.ts";
import { WORKLOADS, leadInOf } from "../load/workload.ts";
import type { startStore } from "../worker.ts";
import { COUNTINGHOUSE, STORE, type Report, type Round } from "./report.ts";
import { FULL_AND_HALF, fullLoad, halfLoad, steadyLoad, type Turn, type TurnSettings } from "./turn.ts";

export const VERIFYING = "verifying";

interface RoundsSettings extends TurnSettings {
  readonly store: ReturnType<typeof startStore>;
  readonly rounds: number;
  /** How many rounds, without half load, come before the measured ones, so that code is compiled and caches are warm. */
  readonly warmUps: number;
  readonly seconds: number;
  /** A steady load of this many requests a second, in place of full and half load. */
  readonly perSecond: number | undefined;
  /** Whether Countinghouse gets a second turn while its chain is verified. */
  readonly verifying: boolean;
  /** The folder in which the time of a flush is measured. */
  readonly folder: string;
}

/** How many requests are prepared for the warm-up; its result says how many the rounds need. */
const FIRST_GUESS_PER_SECOND = { batches: 2_500, single: 8_000 };
const FIRST_GUESS_OF_STORE_PER_SECOND = { batches: 6_000, single: 30_000 };
/** More requests are prepared than were needed before; a turn that runs out of requests ends early. */
const SPARE = 1.5;

export class Rounds {
  readonly #settings: RoundsSettings;
  readonly #targets: readonly Target[];
  readonly #metering: readonly MeteringTarget[];
  readonly #results: Round[] = [];
  readonly #flushesMs: number[] = [];
  #needed: number;
  #prepared = 0;
  #neededOfStore: number;

  constructor(settings: RoundsSettings, targets: readonly Target[], metering: readonly MeteringTarget[]) {
    this.#settings = settings;
    this.#targets = targets;
    this.#metering = metering;
    const size = WORKLOADS[settings.workload].recordsPerRequest === 1 ? "single" : "batches";
    this.#needed = this.#enoughFor(settings.perSecond ?? FIRST_GUESS_PER_SECOND[size], settings.seconds);
    this.#neededOfStore = FIRST_GUESS_OF_STORE_PER_SECOND[size];
  }

  async run(): Promise<Pick<Report, "rounds" | "flushesMs">> {
    for (let round = 1 - this.#settings.warmUps; round <= this.#settings.rounds; round += 1) {
      if (round > 0) this.#flushesMs.push(flushMs(this.#settings.folder));
      await this.#prepare();
      for (const target of this.#targets) {
        const full = await this.#turnOf(target, round);
        if (target.name !== COUNTINGHOUSE) continue;
        if (this.#settings.verifying) await this.#verifying(target as MeteringTarget, round);
        await this.#storeAlone(round, Math.round(full.requests / (full.commits ?? full.requests)));
      }
    }
    return { rounds: this.#results, flushesMs: this.#flushesMs };
  }

  async #prepare(): Promise<void> {
    this.#prepared = this.#needed;
    await this.#settings.load.call({ kind: "prepare", count: this.#prepared, workload: this.#settings.workload });
  }

  #enoughFor(perSecond: number, seconds: number): number {
    return Math.ceil(perSecond * seconds * FULL_AND_HALF * SPARE) + leadInOf(this.#settings.workload);
  }

  #turn(target: Target, meter: MeteringTarget | undefined, round: number): Turn {
    return { target, meter, round, seconds: this.#settings.seconds, prepared: this.#prepared };
  }

  async #turnOf(target: Target, round: number): Promise<Round> {
    const meter = this.#metering.find((candidate) => candidate === target);
    const turn = this.#turn(target, meter, round);
    const { perSecond } = this.#settings;
    if (perSecond !== undefined) return this.#keep(await steadyLoad(this.#settings, turn, perSecond));
    const full = await fullLoad(this.#settings, turn);
    if (meter !== undefined) {
      const enough = this.#enoughFor(full.requests / full.seconds, this.#settings.seconds);
      this.#needed = Math.max(this.#needed, enough);
    }
    const half = round <= 0 ? undefined : await halfLoad(this.#settings, turn, full);
    return this.#keep({ ...full, halfLoad: half });
  }

  /** The same load, while the chain is recomputed from its first entry, again and again. */
  async #verifying(target: MeteringTarget, round: number): Promise<void> {
    // Requests that the server has seen would be replays, so new ones are prepared.
    await this.#prepare();
    const going = { on: true };
    const verifying = (async (): Promise<void> => {
      while (going.on) {
        const { intact } = await target.verifyTrail();
        if (!intact) throw new Error("The trail is not intact.");
      }
    })();
    try {
      const result = await fullLoad(this.#settings, this.#turn(target, target, round));
      this.#keep({ ...result, target: VERIFYING });
    } finally {
      going.on = false;
      await verifying;
    }
  }

  async #storeAlone(round: number, requestsPerCommit: number): Promise<void> {
    const { store, workload, seconds } = this.#settings;
    const order = { workload, seconds: round <= 0 ? 1 : seconds, requests: this.#neededOfStore, requestsPerCommit };
    const { cpuMs, ...result } = await store.call(order);
    const enough = Math.ceil((result.requests / result.seconds) * seconds * SPARE);
    this.#neededOfStore = Math.max(this.#neededOfStore, enough);
    this.#keep({ ...result, target: STORE, round, serverCpuMs: cpuMs });
  }

  #keep(result: Round): Round {
    const { target, round, requests, seconds, p99Ms, halfLoad: half } = result;
    if (round > 0) this.#results.push(result);
    const label = round <= 0 ? "warm-up" : `round ${round}`;
    const p99Text = p99Ms === undefined ? "" : `, p99 ${p99Ms.toFixed(1)} ms`;
    const halfText = half === undefined ? "" : `, at half load ${half.p99Ms.toFixed(1)} ms`;
    console.log(`${label}  ${target.padEnd(14)} ${Math.round(requests / seconds)} requests/s${p99Text}${halfText}`);
    return result;
  }
}
