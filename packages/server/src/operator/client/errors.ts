/** The errors of calls to the operator API. */
import type { Problem } from "../contract/problem.ts";

/**
 * The server refused the call, or could not do it, and answered a problem (RFC 9457). The message is the problem's detail, with
 * a line for each wrong member.
 */
export class OperatorProblemError extends Error {
  /** The HTTP status, such as 404 or 422. Only 500 and 503 are not the caller's fault; after 503 the call may be repeated. */
  readonly status: number;
  /** What was wrong, in one or two sentences. */
  readonly detail: string;
  /** One line for each wrong member, beginning with the member's path. Never quotes what was sent. */
  readonly errors: readonly string[];
  /** The call's id, for `GET /requests/{requestId}/explanation`; undefined where the call's token was refused. */
  readonly requestId: string | undefined;

  /** How far something has come that has to be done before the call can be answered; undefined where there is no such thing. */
  readonly progress: Problem["progress"];

  /** To be called by the client, and by programs that replace the client in tests. */
  constructor(problem: Pick<Problem, "status" | "detail" | "errors" | "progress">, requestId?: string) {
    const { status, detail = `The server answered ${status}.`, errors = [], progress } = problem;
    super([detail, ...errors.map((line) => `  ${line}`)].join("\n"));
    this.name = "OperatorProblemError";
    this.status = status;
    this.detail = detail;
    this.errors = errors;
    this.progress = progress;
    this.requestId = requestId;
  }
}

/**
 * No operator API answered: the server was not reached, the connection ended, or something else answered. Whether a change was
 * made is not known, unless the connection was refused.
 */
export class OperatorConnectionError extends Error {
  /** `cause` is what the transport threw, if it threw. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OperatorConnectionError";
  }
}
