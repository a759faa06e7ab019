/** What a matcher answers: runners that have `expect.extend` take it as it is. */
import { traceText } from "../trace.ts";
import type { LookingIn } from "../looking-in.ts";

export interface MatcherResult {
  readonly pass: boolean;
  /** Where it passes: what is wrong with it for whoever expected the opposite. */
  readonly message: () => string;
}

/** `lines` are said where it fails, `opposite` where it passes and should not; then what happened. */
export function resultOf(
  pass: boolean,
  looking: LookingIn,
  lines: () => readonly string[],
  opposite: string,
): MatcherResult {
  // Made now: when a runner asks, the market may be another.
  const text = [...(pass ? [opposite] : lines()), "", "What happened:", traceText(looking)].join("\n");
  return { pass, message: () => text };
}
