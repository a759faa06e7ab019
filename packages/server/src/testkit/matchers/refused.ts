/** What was refused. A refusal that a test asks for is no unexpected one any more. */
import { errorCatalogue, ruleBook, stsErrorCatalogue } from "@countinghouse/protocol";
import { lookInto } from "../looking-in.ts";
import type { SeenCall } from "../seen-calls.ts";
import { recordsOf } from "../trace.ts";
import { resultOf, type MatcherResult } from "./result.ts";

const STATUSES: readonly string[] = ["DuplicateRecord", "CustomerNotSubscribed"];

/**
 * Whether something was refused: by a rule (`W1`, or of single records `K3`), with an error (`InvalidTokenException`), or
 * with a record's status (`DuplicateRecord`, `CustomerNotSubscribed`). Throws TypeError for what is none of these: nothing is
 * ever refused by it.
 */
export function toHaveRefused(market: unknown, what: string): MatcherResult {
  const looking = lookInto(market);
  const isKnown = [ruleBook, errorCatalogue, stsErrorCatalogue].some((names) => Object.hasOwn(names, what));
  if (!isKnown && !STATUSES.includes(what)) {
    throw new TypeError(
      `${what} is neither a rule (W1), nor an error (InvalidTokenException), nor one of ${STATUSES.join(", ")}`,
    );
  }
  const { calls } = looking;
  const whole = calls.all.filter((call) => call.code !== undefined && (call.code === what || ruleOf(call) === what));
  for (const call of whole) calls.expect(call);
  const records = calls.all.flatMap((call) => recordsOf(call, looking)).filter(({ outcome }) => isRefusal(outcome));
  const single = records.filter(({ rule, status }) => rule.id === what || status === what);
  const seen = [...calls.all.map((call) => ruleOf(call) ?? call.code), ...records.map(({ rule }) => rule.id)].filter(
    (one) => one !== undefined,
  );
  const lines = (): string[] => [
    `Expected the market to have refused something by ${what}.`,
    seen.length === 0 ? "It has refused nothing." : `It has refused by ${[...new Set(seen)].join(", ")}.`,
  ];
  const pass = whole.length + single.length > 0;
  return resultOf(pass, looking, lines, `Expected the market not to have refused anything by ${what}.`);
}

function ruleOf({ entry }: SeenCall): string | undefined {
  return entry?.event.kind === "call-refused" ? entry.event.rule : undefined;
}

function isRefusal(outcome: string): boolean {
  return outcome === "duplicate" || outcome === "not-subscribed";
}
