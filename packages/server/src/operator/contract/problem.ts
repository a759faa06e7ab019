/** The errors of the operator API: problem+json (RFC 9457). They hold nothing secret. */
import { z } from "zod";

export const problemSchema = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.string()).optional().describe("One line for each member that is wrong."),
    progress: z
      .object({ done: z.int(), of: z.int() })
      .optional()
      .describe("Of what has to be done before the call can be answered: ask again until it has come to its end."),
  })
  .meta({ id: "Problem" });

export type Problem = z.output<typeof problemSchema>;

export const PROBLEM_TITLES = {
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
} as const;

export type ProblemStatus = keyof typeof PROBLEM_TITLES;

/** The problems that a route documents: its own, those of every route, and those of every route with a body. */
export function problemsOf({
  problems = [],
  body,
}: {
  readonly problems?: readonly ProblemStatus[];
  readonly body?: unknown;
}): readonly ProblemStatus[] {
  return [...new Set<ProblemStatus>([401, ...problems, ...(body === undefined ? [] : OF_A_BODY), 422, 500, 503])];
}

const OF_A_BODY = [400, 413, 415] as const;
