/** Reads the service's answer: the JSON of a result, or the error. */
import { errorCatalogue, type ErrorName } from "@countinghouse/protocol";
import { MeteringError } from "../outcome.ts";
import type { TransportAnswer } from "../transport/transport.ts";
import { retryOf } from "./retry.ts";

interface AnswerOrigin {
  readonly operation: string;
  readonly attempts: number;
}

export function requestIdOf(answer: TransportAnswer): string | undefined {
  return answer.header("x-amzn-requestid") ?? answer.header("x-amz-request-id");
}

/** The JSON of a success; throws a `MeteringError` for any other answer, and for a success without JSON. */
export function jsonOf(answer: TransportAnswer, origin: AnswerOrigin): unknown {
  if (answer.status !== 200) throw errorOf(answer, origin);
  try {
    return JSON.parse(answer.text) as unknown;
  } catch (error) {
    throw unreadable(answer, origin, "The service answered with success, but not with JSON.", error);
  }
}

/** The error of a success that cannot be read: the request was probably done. Sending the same again is safe. */
export function unreadable(
  answer: TransportAnswer,
  origin: AnswerOrigin,
  message: string,
  cause: unknown,
): MeteringError {
  return new MeteringError({
    name: "UnreadableAnswerError",
    message,
    fault: "server",
    retry: "transient",
    status: answer.status,
    requestId: requestIdOf(answer),
    mayHaveSucceeded: true,
    cause,
    ...origin,
  });
}

function errorOf(answer: TransportAnswer, origin: AnswerOrigin): MeteringError {
  const { status } = answer;
  const body = errorBody(answer.text);
  const code = bareCode(body["__type"]) ?? bareCode(body["code"]) ?? bareCode(answer.header("x-amzn-errortype"));
  const text = body["message"] ?? body["Message"];
  const message = typeof text === "string" && text !== "" ? text : `The service answered with status ${status}.`;
  // The service answers a body that is too large without a body of its own.
  const name = code ?? (status === 413 ? "InvalidInputError" : `Http${status}`);
  const known = errorCatalogue[name as ErrorName] as (typeof errorCatalogue)[ErrorName] | undefined;
  const general = retryOf(name, status, message);
  return new MeteringError({
    name,
    message,
    fault: known?.fault ?? (status >= 500 ? "server" : "client"),
    retry: general === "never" ? (known?.retry ?? "never") : general,
    status,
    requestId: requestIdOf(answer),
    mayHaveSucceeded: status >= 500,
    ...origin,
  });
}

function errorBody(text: string): Readonly<Record<string, unknown>> {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === "object" && json !== null ? (json as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** `aws.service#Name:http://…` becomes `Name`. */
function bareCode(code: unknown): string | undefined {
  if (typeof code !== "string" || code === "") return undefined;
  return code.slice(code.lastIndexOf("#") + 1).split(":", 1)[0];
}
