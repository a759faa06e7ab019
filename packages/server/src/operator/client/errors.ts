/** What a call of the operator API can end in. */
import type { Problem } from "../contract/problem.ts";

/**
 * The server refused the call, or could not do it: it answered a problem (RFC 9457). The message is the problem's detail, with a
 * line for each member that is wrong.
 */
export class OperatorProblemError extends Error {
  /** The HTTP status, such as 404 or 422. Of these, only 500 and 503 are no fault of the call; 503 is worth another try. */
  readonly status: number;
  /** What was wrong, in one or two sentences. */
  readonly detail: string;
  /** One line for each member that is wrong, each beginning with the member's path. Never what was sent. */
  readonly errors: readonly string[];
  /** The call's id, for `GET /requests/{requestId}/explanation`; undefined where the call got no further than the token. */
  readonly requestId: string | undefined;

  /** How far something has come that has to be done before the call can be answered; undefined where there is no such thing. */
  readonly progress: Problem["progress"];

  /** Made by the client, and by programs that stand in for it in tests. */
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
 * No operator API answered: nothing could be reached, the connection ended, or what answers is something else. Whether a change
 * was made is not known, unless the connection was refused.
 */
export class OperatorConnectionError extends Error {
  /** `cause` is what the transport threw, where it threw. */
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "OperatorConnectionError";
  }
}
