/**
 * The wire handler takes one signed request and gives one answer, in either protocol (`protocols/`). Its refusals come, from
 * top to bottom, in the order in which services of this family were seen to refuse.
 */
import type { DecodeRefusal, EpochMs } from "@countinghouse/protocol";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { Authenticator } from "../identity/authenticator.ts";
import { authorize, type Caller } from "../identity/caller.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { FaultError, QueueFullError } from "../ledger/ledger.ts";
import { recordRefusal, type Answer } from "../operations/operation.ts";
import { preflight } from "../listener/cross-origin.ts";
import { awsJson } from "./protocols/aws-json.ts";
import { Unreadable, type ReadRequest, type Refusal, type WireProtocol } from "./protocols/protocol.ts";
import { BUSY } from "./protocols/refusal.ts";
import { isRpcRequest } from "../listener/rpc-request.ts";
import { rpcV2Cbor } from "./protocols/rpc-v2-cbor.ts";
import { accountCall, strangerCall } from "./request-call.ts";
import type { RequestQuotas } from "./request-quotas.ts";
import type { UnkeptCalls } from "../operations/unkept-calls.ts";
import { notAnOperation } from "./wire-error.ts";
import type { WireRequest, WireResponse } from "../listener/message.ts";
import type { Codec, WireOperation } from "./wire-operation.ts";

interface WireHandlerOptions {
  readonly operations: readonly WireOperation[];
  readonly authenticator: Authenticator;
  readonly quotas: RequestQuotas;
  readonly unkept: UnkeptCalls;
  readonly ledger: Ledger;
  readonly newRequestId: () => string;
  /** The wall clock: policies read the time from it, and credentials expire by it. */
  readonly wallMs: () => EpochMs;
  /** Called for errors that are this server's fault. */
  readonly onError: (error: Error, requestId: string) => void;
}

export class WireHandler {
  readonly #options: WireHandlerOptions;
  readonly #json: WireProtocol;
  readonly #cbor: WireProtocol;

  constructor(options: WireHandlerOptions) {
    this.#options = options;
    this.#json = awsJson(options.operations);
    this.#cbor = rpcV2Cbor(options.operations);
  }

  /** Always answers: trouble of this server is an answer too. */
  async handle(request: WireRequest): Promise<WireResponse> {
    const requestId = this.#options.newRequestId();
    if (request.method === "OPTIONS" && request.headers.has("origin")) return preflight(requestId);
    if (request.method !== "POST") return notAnOperation(requestId);
    const protocol = isRpcRequest(request) ? this.#cbor : this.#json;
    let operation: WireOperation | undefined;
    try {
      // Refusals of `read` are not kept in the ledger.
      const read = protocol.read(request, requestId);
      if ("status" in read) return read;
      ({ operation } = read);
      return { ...(await this.#perform(request, requestId, protocol, read)), operation: operation.name };
    } catch (error) {
      const refusal = this.#trouble(error as Error, requestId);
      if (operation !== undefined) this.#options.unkept.count(operation.name, refusal.code);
      return { ...protocol.refuse(refusal, requestId, operation), operation: operation?.name };
    }
  }

  async #perform(
    request: WireRequest,
    requestId: string,
    protocol: WireProtocol,
    { operation, input: read }: ReadRequest,
  ): Promise<WireResponse> {
    const caller = await this.#admit(request, requestId, operation);
    if ("code" in caller) return protocol.refuse(caller, requestId, operation);
    const input = read ?? protocol.parse(request.body);
    if (input instanceof Unreadable) {
      return protocol.refuse({ code: "SerializationException", message: input.message }, requestId, operation);
    }
    const codec = protocol.codecOf(operation);
    const answer = await this.#answer(request, requestId, caller, codec, { operation, input });
    const response =
      answer.rejected === undefined
        ? protocol.answer(codec.encode(answer.output), requestId)
        : protocol.refuse(answer.rejected, requestId, operation);
    return answer.dropped === true ? { ...response, dropped: true } : response;
  }

  /** Authentication and quota. Strangers' requests, or a flood, must not cost a write each (`operations/unkept-calls.ts`). */
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

  /** The steps after admission: permission, types, constraints, the operation. Each refusal is kept in the ledger. */
  async #answer(
    request: WireRequest,
    requestId: string,
    caller: Caller,
    codec: Codec,
    { operation, input }: ReadRequest,
  ): Promise<Answer<unknown>> {
    const { ledger, wallMs } = this.#options;
    const { sourceAddress, isSecure } = request;
    const call = accountCall(request, requestId, operation.name, caller);
    const denied = authorize(caller, operation.action, { sourceAddress, isSecure, atMs: wallMs() });
    const decoded = codec.decode(input);
    if (denied !== undefined) {
      return recordRefusal(ledger, call, denied, decoded.ok ? operation.asked(decoded.value) : undefined);
    }
    if (decoded.ok) return operation.run(call, decoded.value);
    return recordRefusal(ledger, call, malformed(decoded.refusal), undefined);
  }

  #trouble(error: Error, requestId: string): Refusal {
    if (error instanceof QueueFullError) return BUSY;
    this.#options.onError(error, requestId);
    const what = error instanceof FaultError ? "The request could not be kept." : "An internal error occurred.";
    return { code: "InternalServiceErrorException", message: `${what} Send it again, unchanged.` };
  }
}

function malformed({ code, message }: DecodeRefusal): Rejection {
  return rejection(code, code === "SerializationException" ? "D3" : "L5", message);
}
