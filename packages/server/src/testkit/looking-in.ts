/** What matchers read of a market. Not a part of what tests hold: it is found by the market itself. */
import type { Explaining } from "./trace.ts";

export type LookingIn = Explaining;

const inside = new WeakMap<object, LookingIn>();

export function letLookIn(market: object, looking: LookingIn): void {
  inside.set(market, looking);
}

/** Throws TypeError for what is no market. */
export function lookInto(market: unknown): LookingIn {
  const looking = typeof market === "object" && market !== null ? inside.get(market) : undefined;
  if (looking === undefined)
    throw new TypeError("This is no market: expect(market), with what startMarket() answered.");
  // A check of a part would pass where it must not.
  if (looking.calls.forgotten > 0) {
    throw new Error(
      `The market has seen more calls than it remembers; ${looking.calls.forgotten} of them cannot be checked any more. Call restore() between tests.`,
    );
  }
  return looking;
}
