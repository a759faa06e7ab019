/** Refusals of the operator API, thrown by handlers and answered by the app. */
import type { Context } from "hono";
import type { z } from "zod";
import { complaintsOf } from "../catalogue/catalogue-file.ts";
import type { CatalogueRefusal } from "../operations/change-catalogue.ts";
import { PROBLEM_TITLES, type Problem, type ProblemStatus } from "./contract/problem.ts";

export class ProblemError extends Error {
  readonly status: ProblemStatus;
  readonly errors: readonly string[] | undefined;
  readonly progress: Problem["progress"];
  /** When it is worth another try. */
  readonly retryAfterSeconds: number | undefined;

  constructor(
    status: ProblemStatus,
    detail: string,
    errors?: readonly string[],
    { progress, retryAfterSeconds }: Pick<Partial<ProblemError>, "progress" | "retryAfterSeconds"> = {},
  ) {
    super(detail);
    this.name = "ProblemError";
    this.status = status;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
    this.progress = progress;
  }
}

/** For requests that do not fit their schema: one line for each member that is wrong, none quoting what was sent. */
export function invalid(error: z.core.$ZodError): ProblemError {
  return unfit(complaintsOf(error).map(({ text }) => text));
}

/** The same, with complaints that were found otherwise. */
export function unfit(errors: readonly string[]): ProblemError {
  return new ProblemError(422, "The request does not fit its schema.", errors);
}

const STATUS = { "not-found": 404, conflict: 409 } as const;

/** For changes that the catalogue does not allow. */
export function refusalProblem({ reason, message }: CatalogueRefusal): ProblemError {
  // A complaint about a member stands where the complaints of the schema do.
  return reason === "invalid"
    ? new ProblemError(422, "The request does not fit the catalogue.", [message])
    : new ProblemError(STATUS[reason], message);
}

export function problemResponse(
  context: Context,
  { status, message, errors, progress, retryAfterSeconds }: ProblemError,
): Response {
  const title = PROBLEM_TITLES[status];
  const body: Problem = {
    type: "about:blank",
    title,
    status,
    detail: message,
    errors: errors && [...errors],
    progress,
  };
  if (retryAfterSeconds !== undefined) context.header("Retry-After", String(retryAfterSeconds));
  return context.json(body, status, { "Content-Type": "application/problem+json" });
}
