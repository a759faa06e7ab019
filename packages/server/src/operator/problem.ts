/** Refusals of the operator API, thrown by handlers and answered by the app. */
import type { Context } from "hono";
import type { z } from "zod";
import { complaintsOf } from "../catalogue/catalogue-file.ts";
import type { CatalogueRefusal } from "../operations/change-catalogue.ts";
import { PROBLEM_TITLES, type Problem, type ProblemStatus } from "./contract/problem.ts";

interface ProblemDetails {
  readonly errors?: readonly string[] | undefined;
  readonly retryAfterSeconds?: number;
  readonly progress?: Problem["progress"];
}

export class ProblemError extends Error {
  readonly status: ProblemStatus;
  readonly errors: readonly string[] | undefined;
  /** When it is worth another try. */
  readonly retryAfterSeconds: number | undefined;
  readonly progress: Problem["progress"];

  constructor(status: ProblemStatus, detail: string, { errors, retryAfterSeconds, progress }: ProblemDetails = {}) {
    super(detail);
    this.name = "ProblemError";
    this.status = status;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
    this.progress = progress;
  }
}

/** For requests that do not fit their schema: one line for each wrong member, none of which quotes what was sent. */
export function invalid(error: z.core.$ZodError): ProblemError {
  return unfit(complaintsOf(error).map(({ text }) => text));
}

/** The same, for complaints that were not found by a schema. */
export function unfit(errors: readonly string[]): ProblemError {
  return new ProblemError(422, "The request does not fit its schema.", { errors });
}

const STATUS = { "not-found": 404, conflict: 409 } as const;

export function refusalProblem({ reason, message }: CatalogueRefusal): ProblemError {
  // A complaint about a member is answered like one of the schema.
  return reason === "invalid"
    ? new ProblemError(422, "The request does not fit the catalogue.", { errors: [message] })
    : new ProblemError(STATUS[reason], message);
}

export function problemResponse(
  context: Context,
  { status, message, errors, retryAfterSeconds, progress }: ProblemError,
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
