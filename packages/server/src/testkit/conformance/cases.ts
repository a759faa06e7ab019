/** All cases, and those that a client is held to. */
import { answerCases } from "./cases/answers.ts";
import { attemptCases } from "./cases/attempts.ts";
import { errorCases } from "./cases/errors.ts";
import { operationCases } from "./cases/operations.ts";
import { usageCases } from "./cases/usage.ts";
import type { ConformanceCase } from "./case.ts";
import type { ConformanceOperation } from "./subject.ts";

/** What of the suite a client is held to. */
export interface ConformanceOptions {
  /** The operations that the client has. Default: all of them. */
  readonly operations?: readonly ConformanceOperation[] | undefined;
}

const CASES: readonly ConformanceCase[] = [
  ...usageCases,
  ...operationCases,
  ...errorCases,
  ...attemptCases,
  ...answerCases,
];
const OPERATIONS: readonly ConformanceOperation[] = [...new Set(CASES.flatMap(({ operations }) => operations))];

/**
 * The cases that a client with these operations is held to, as data, in the order in which they are run.
 *
 * Throws TypeError for an operation that there is not.
 */
export function conformanceCases({ operations = OPERATIONS }: ConformanceOptions = {}): readonly ConformanceCase[] {
  const unknown = operations.filter((one) => !OPERATIONS.includes(one));
  if (unknown.length > 0 || operations.length === 0) {
    throw new TypeError(`operations must name some of ${OPERATIONS.join(", ")}; got ${JSON.stringify(operations)}.`);
  }
  return CASES.filter((one) => one.operations.every((operation) => operations.includes(operation)));
}
