/** The suite as a whole: results as data, or tests of whatever runner there is. */
import type { ConformanceCase } from "./case.ts";
import { conformanceCases, type ConformanceOptions } from "./cases.ts";
import { judge } from "./judge.ts";
import type { ConformanceSubject } from "./subject.ts";

/** What became of a case. */
export interface ConformanceResult {
  readonly case: ConformanceCase;
  /** `not-judged`: a case that it needs has failed, so that nothing can be said of this one. */
  readonly outcome: "passed" | "failed" | "not-judged";
  /** What was wrong, in sentences; empty where it passed. */
  readonly complaints: readonly string[];
  /** What the market has seen, a line for each request; empty where it was not judged. */
  readonly trace: string;
}

/** How a suite is run. */
export interface ConformanceRunOptions extends ConformanceOptions {
  /** How long the subject may take for one call, its retries included, in milliseconds. Default: 60,000. */
  readonly timeoutMs?: number | undefined;
}

/** What a runner gives: the `describe` and `test` of vitest, jest, `node:test` or `bun:test`. */
export interface ConformanceRunner {
  readonly describe: (name: string, body: () => void) => unknown;
  /** The last argument is the test's own limit, in milliseconds, where the runner has one. */
  readonly test: (name: string, body: () => Promise<void>, timeoutMs: number) => unknown;
}

const CALL_TIMEOUT_MS = 60_000;
/** The longest that Node's timers wait. */
const TIMEOUT_MS_MAX = 2_147_483_647;
/** What a case takes besides its calls, and those of the cases that it needs. */
const CASE_TIMEOUT_MS = 600_000;

/**
 * Holds a client to the suite, case by case, and yields what became of each. Every case has a market of its own.
 *
 * Throws TypeError for options that cannot be.
 */
export async function* runConformance(
  subject: ConformanceSubject,
  options: ConformanceRunOptions = {},
): AsyncGenerator<ConformanceResult, void, undefined> {
  const resultOf = suiteOf(subject, options);
  for (const one of conformanceCases(options)) yield await resultOf(one);
}

/**
 * Declares a test for each case, by the runner's own functions: `describeConformance(subject, { describe, test })`. A test
 * fails with an Error that says what was wrong and what the server has seen. A case that is not judged fails, too, and names the
 * case to look at.
 *
 * Throws TypeError for options that cannot be.
 */
export function describeConformance(
  subject: ConformanceSubject,
  { describe, test, ...options }: ConformanceRunner & ConformanceRunOptions,
): void {
  const resultOf = suiteOf(subject, options);
  const cases = conformanceCases(options);
  describe("conformance with the AWS Marketplace Metering Service", () => {
    for (const one of cases) {
      const body = async (): Promise<void> => {
        const { outcome, complaints, trace } = await resultOf(one);
        if (outcome === "passed") return;
        const seen = trace === "" ? [] : ["What the server has seen:", trace];
        throw new Error(
          [`${one.id}: ${outcome.replace("-", " ")}`, ...complaints.map((c) => `  ${c}`), ...seen].join("\n"),
        );
      };
      test(`${one.id}: ${one.name} (Rule ${one.rule})`, body, CASE_TIMEOUT_MS);
    }
  });
}

/** Each case is judged once, however many others need it. */
function suiteOf(
  subject: ConformanceSubject,
  { timeoutMs = CALL_TIMEOUT_MS, ...options }: ConformanceRunOptions,
): (one: ConformanceCase) => Promise<ConformanceResult> {
  if (!(timeoutMs > 0 && timeoutMs <= TIMEOUT_MS_MAX)) {
    throw new TypeError(`timeoutMs must be a number of milliseconds from 1 to ${TIMEOUT_MS_MAX}; got ${timeoutMs}.`);
  }
  const all = new Map(conformanceCases(options).map((one) => [one.id, one]));
  const results = new Map<string, Promise<ConformanceResult>>();
  const resultOf = (one: ConformanceCase): Promise<ConformanceResult> => {
    const known = results.get(one.id) ?? judged(one);
    results.set(one.id, known);
    return known;
  };
  const judged = async (one: ConformanceCase): Promise<ConformanceResult> => {
    for (const id of one.needs ?? []) {
      // Not there where it is about an operation that the client lacks.
      const needed = all.get(id);
      if (needed === undefined || (await resultOf(needed)).outcome === "passed") continue;
      return { case: one, outcome: "not-judged", complaints: [`see ${id}, which it needs`], trace: "" };
    }
    const { complaints, trace } = await judge(subject, one, timeoutMs);
    return { case: one, outcome: complaints.length === 0 ? "passed" : "failed", complaints, trace };
  };
  return resultOf;
}
