/** Which calls were made. */
import { operations } from "@countinghouse/protocol";
import { lookInto } from "../looking-in.ts";
import { resultOf, type MatcherResult } from "./result.ts";

/**
 * Whether operations were called so many times, whatever came of it: `{ BatchMeterUsage: 1 }`. Operations that are not named
 * do not matter. Throws TypeError for an operation that the market does not have, and where none is named.
 */
export function toHaveSeenCalls(market: unknown, expected: Readonly<Record<string, number>>): MatcherResult {
  const looking = lookInto(market);
  const names = Object.keys(expected);
  const known = operations.map(({ name }): string => name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new TypeError(`${unknown} is none of the operations ${known.join(", ")}`);
  if (names.length === 0) throw new TypeError(`some of the operations must be named: ${known.join(", ")}`);
  const counts = names.map((name) => looking.calls.all.filter(({ operation }) => operation === name).length);
  const told = names.map((name, i) => `${name}: expected ${expected[name]}, seen ${counts[i]}`);
  const pass = names.every((name, i) => expected[name] === counts[i]);
  const lines = (): string[] => ["Expected the market to have seen other calls.", ...told.map((line) => `  ${line}`)];
  return resultOf(
    pass,
    looking,
    lines,
    `Expected the market to have seen other calls than ${JSON.stringify(expected)}.`,
  );
}
