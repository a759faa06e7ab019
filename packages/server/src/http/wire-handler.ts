/**
 * The wire handler: one signed AWS JSON 1.1 request in, one answer out. Its ladder of refusals, top to bottom, is the
 * order in which services of this family have been seen to refuse; each step is commented with what it answers.
 */
import { isUtf8 } from "node:buffer";
import { JSON_CONTENT_TYPE, type Decoded, type EpochMs, type OperationNames } from "@countinghouse/protocol";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { Authenticator } from "../identity/authenticator.ts";
import { authorize, type Caller } from "../identity/caller.ts";
import type { Asked } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { FaultError, QueueFullError } from "../ledger/ledger.ts";
import { recordRefusal, type AccountCall, type Answer } from "../operations/answer.ts";
import {
  errorResponse,
  jsonResponse,
  notAnOperation,
  unknownOperationCoral,
  unknownOperationXml,
} from "./wire-error.ts";
import { preflight } from "./cross-origin.ts";
import { accountCall, mediaTypeOf, strangerCall } from "./request-call.ts";
import type { RequestQuotas } from "./request-quotas.ts";
import type { UnkeptCalls } from "./unkept-calls.ts";
import type { WireRequest, WireResponse } from "./wire-message.ts";

/** An operation as the handler sees it: read, do, write. Composed in `wire-operations.ts`. */
export interface WireOperation extends OperationNames {
  readonly decode: (json: unknown) => Decoded<unknown>;
  /** The input without its secrets, as it may be kept. */
  readonly asked: (input: unknown) => Asked;
  readonly run: (call: AccountCall, input: unknown) => Promise<Answer<unknown>>;
  readonly encode: (output: unknown) => string;
}

export interface WireHandlerOptions {
  readonly operations: readonly WireOperation[];
  readonly authenticator: Authenticator;
  readonly quotas: RequestQuotas;
  readonly unkept: UnkeptCalls;
  readonly ledger: Ledger;
  readonly newRequestId: () => string;
  /** By which policies tell the time, as credentials expire. */
  readonly wallMs: () => EpochMs;
  /** Told of errors that are ours. */
  readonly onError: (error: Error, requestId: string) => void;
}

/** A request that names an operation; nothing more is known of it yet. */
interface ReadRequest {
  readonly operation: WireOperation;
  /** Undefined where it is read only once it is known who sent it. */
  readonly json: object | undefined;
}

/**
 * A larger body is looked into only once its signature is good: JSON can be made that costs fifty times its signature.
 * Up to this, what is no JSON is refused first, as services of this family do.
 */
const STRANGER_JSON_BYTES_MAX = 65_536;

export class WireHandler {
  readonly #options: WireHandlerOptions;
  /** By their whole target: prefixes may hold full stops, and services may share names of operations. */
  readonly #operations: ReadonlyMap<string, WireOperation>;

  constructor(options: WireHandlerOptions) {
    this.#options = options;
    this.#operations = new Map(
      options.operations.flatMap((operation) =>
        [operation.target, operation.otherTarget ?? operation.target].map((target) => [target, operation] as const),
      ),
    );
  }

  /** Always answers: trouble of ours is an answer too. */
  async handle(request: WireRequest): Promise<WireResponse> {
    const requestId = this.#options.newRequestId();
    let operation: string | undefined;
    try {
      const read = this.#read(request, requestId);
      if ("status" in read) return read;
      operation = read.operation.name;
      return { ...(await this.#perform(request, requestId, read)), operation };
    } catch (error) {
      const response = this.#trouble(error as Error, requestId);
      if (operation !== undefined) this.#options.unkept.count(operation, response.code ?? "");
      return { ...response, operation };
    }
  }

  async #perform(request: WireRequest, requestId: string, { operation, json }: ReadRequest): Promise<WireResponse> {
    const caller = await this.#admit(request, requestId, operation);
    const input = "code" in caller ? undefined : (json ?? parseJson(request.body));
    if (!("code" in caller) && input === undefined) return notJson(requestId);
    const answer =
      "code" in caller
        ? { rejected: caller }
        : await this.#answer(request, requestId, caller, { operation, json: input });
    const response =
      answer.rejected === undefined
        ? jsonResponse(200, operation.encode(answer.output), requestId)
        : errorResponse(answer.rejected.code, answer.rejected.message, requestId);
    return answer.dropped === true ? { ...response, dropped: true } : response;
  }

  /** Steps before authentication: method, body, content type, JSON, target. None of them is kept in the ledger. */
  #read(request: WireRequest, requestId: string): WireResponse | ReadRequest {
    if (request.method === "OPTIONS" && request.headers.has("origin")) return preflight(requestId);
    if (request.method !== "POST") return notAnOperation(requestId);
    const target = request.headers.get("x-amz-target")?.join(",");
    const operation = target === undefined ? undefined : this.#operations.get(target);
    if (request.body.length === 0) {
      const code = operation === undefined ? "UnknownOperationException" : "SerializationException";
      return errorResponse(code, undefined, requestId);
    }
    const mediaType = mediaTypeOf(request);
    if (mediaType !== JSON_CONTENT_TYPE && mediaType !== "application/json") {
      return target === undefined ? notAnOperation(requestId) : unknownOperationXml(requestId);
    }
    const isLarge = request.body.length > STRANGER_JSON_BYTES_MAX;
    const json = isLarge ? undefined : parseJson(request.body);
    if (json === undefined && !isLarge) return notJson(requestId);
    if (mediaType !== JSON_CONTENT_TYPE) return unknownOperationCoral(requestId);
    if (operation === undefined) return errorResponse("UnknownOperationException", undefined, requestId);
    return { operation, json };
  }

  /** Authentication and the quota: a stranger's requests, or a flood's, must not cost a write each (`unkept-calls.ts`). */
  #admit(request: WireRequest, requestId: string, operation: WireOperation): Caller | Promise<Rejection> {
    const { authenticator, quotas, unkept } = this.#options;
    const caller = authenticator.authenticate(request, operation.signingName);
    if ("code" in caller) return this.#stranger(request, requestId, operation, caller);
    const over = quotas.take(caller, operation.name);
    if (over === undefined) return caller;
    unkept.count(operation.name, over.code);
    return Promise.resolve(over);
  }

  async #stranger(
    request: WireRequest,
    requestId: string,
    { name }: WireOperation,
    rejected: Rejection,
  ): Promise<Rejection> {
    await this.#options.unkept.noteRefused(strangerCall(request, requestId, name), rejected);
    return rejected;
  }

  /** Steps after admission: permission, types, constraints, the operation. Each refusal is kept in the ledger. */
  async #answer(
    request: WireRequest,
    requestId: string,
    caller: Caller,
    { operation, json }: ReadRequest,
  ): Promise<Answer<unknown>> {
    const { ledger, wallMs } = this.#options;
    const { sourceAddress, isSecure } = request;
    const call = accountCall(request, requestId, operation.name, caller);
    const denied = authorize(caller, operation.action, { sourceAddress, isSecure, atMs: wallMs() });
    const decoded = operation.decode(json);
    if (denied !== undefined) {
      return recordRefusal(ledger, call, denied, decoded.ok ? operation.asked(decoded.value) : undefined);
    }
    if (decoded.ok) return operation.run(call, decoded.value);
    return recordRefusal(ledger, call, malformed(decoded.refusal), undefined);
  }

  #trouble(error: Error, requestId: string): WireResponse {
    if (error instanceof QueueFullError) return errorResponse("ThrottlingException", "Rate exceeded", requestId);
    this.#options.onError(error, requestId);
    const what = error instanceof FaultError ? "The request could not be kept." : "An internal error occurred.";
    return errorResponse("InternalServiceErrorException", `${what} Send it again, unchanged.`, requestId);
  }
}

function notJson(requestId: string): WireResponse {
  return errorResponse("SerializationException", undefined, requestId);
}

function malformed(refusal: { code: "SerializationException" | "ValidationException"; message: string }): Rejection {
  return rejection(refusal.code, refusal.code === "SerializationException" ? "D3" : "L5", refusal.message);
}

/** A JSON object or array, or undefined for anything else. Rule D4. */
function parseJson(body: Uint8Array): object | undefined {
  if (!isUtf8(body)) return undefined;
  try {
    const json: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
    return typeof json === "object" && json !== null ? json : undefined;
  } catch {
    return undefined;
  }
}
