/** Errors of the operator API: problem+json (RFC 9457), with nothing secret in them. */
import { z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { complaintsOf } from "../catalogue/catalogue-file.ts";
import type { CatalogueRefusal } from "../operations/change-catalogue.ts";

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    /** One line for each member that is wrong. */
    errors: z.array(z.string()).optional(),
  })
  .openapi("Problem");

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Unauthorized",
  403: "Not allowed",
  404: "Not found",
  409: "Conflict",
  413: "Too large",
  415: "Unsupported media type",
  422: "Invalid",
  500: "Internal error",
  503: "Not available now",
};

/** A refusal of the operator API; thrown by routes, answered by the app. */
export class ProblemError extends Error {
  readonly status: ContentfulStatusCode;
  readonly errors: readonly string[] | undefined;

  constructor(status: ContentfulStatusCode, detail: string, errors?: readonly string[]) {
    super(detail);
    this.name = "ProblemError";
    this.status = status;
    this.errors = errors;
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

export function problemResponse(context: Context, { status, message, errors }: ProblemError): Response {
  const body = { type: "about:blank", title: TITLES[status] ?? "Error", status, detail: message, errors };
  return context.json(body, status, { "Content-Type": "application/problem+json" });
}

const problemContent = { "application/problem+json": { schema: problemSchema } };

type ProblemResponses = Record<number, { description: string; content: typeof problemContent }>;

/** The error answers that a route documents, besides those that any route can give. */
export function problems(...statuses: number[]): ProblemResponses {
  return Object.fromEntries(
    [401, ...statuses, 422, 500, 503].map((status) => [
      status,
      { description: TITLES[status] ?? "Error", content: problemContent },
    ]),
  );
}

/** The same, for a route that takes a body. */
export function bodyProblems(...statuses: number[]): ProblemResponses {
  return problems(400, ...statuses, 413, 415);
}
