/** Random choices that can be repeated: a suite prints its seed, and takes one from the environment. */

export interface Random {
  /** From 0 to below 1. */
  fraction(): number;
  /** A whole number, both bounds included. */
  whole(min: number, max: number): number;
  pick<T>(from: readonly T[]): T;
}

/** `DURABILITY_SEED=…` repeats a run's choices, though not the machine's timing. */
export function seededRandom(suite: string): Random {
  const seed = Number(process.env["DURABILITY_SEED"] ?? Date.now() % 0x1_0000_0000);
  process.stdout.write(`${suite}: DURABILITY_SEED=${seed}\n`);
  return randomFrom(seed);
}

/** Mulberry32. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000;
  };
  const whole = (min: number, max: number): number => min + Math.floor(fraction() * (max - min + 1));
  return { fraction, whole, pick: (from) => from[whole(0, from.length - 1)] as (typeof from)[number] };
}
