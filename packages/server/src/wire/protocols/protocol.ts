/**
 * The protocols of the wire, which lie between a request's bytes and an operation. Each says how an operation is named, how its
 * input and output are written, and how a refusal looks. For requests that name an operation, the refusals and their order are
 * the same in all protocols.
 */
import type { ErrorName } from "@countinghouse/protocol";
import type { WireRequest, WireResponse } from "../../listener/message.ts";
import type { Codec, WireOperation } from "../wire-operation.ts";

export interface WireProtocol {
  readonly codecOf: (operation: WireOperation) => Codec;
  /** Everything that is checked of a request before its caller is known: answers the operation that it names, or a refusal. */
  readonly read: (request: WireRequest, requestId: string) => ReadRequest | WireResponse;
  /** The structure that a body holds. */
  readonly parse: (body: Uint8Array) => object | Unreadable;
  readonly answer: (body: string | Uint8Array, requestId: string) => WireResponse;
  /** `operation` is undefined where none has been found. */
  readonly refuse: (refusal: Refusal, requestId: string, operation: WireOperation | undefined) => WireResponse;
}

export interface Refusal {
  readonly code: ErrorName;
  readonly message?: string | undefined;
}

/** A request that names an operation; nothing else of it has been checked. */
export interface ReadRequest {
  readonly operation: WireOperation;
  /** Undefined where the body is parsed only after its caller is known. */
  readonly input: object | undefined;
}

/** Why a body holds no structure; the message is undefined where there is nothing to tell. */
export class Unreadable {
  readonly message: string | undefined;

  constructor(message?: string) {
    this.message = message;
  }
}

/**
 * A larger body is parsed only after its signature was verified, because parsing can cost fifty times as much as verifying. Up
 * to this size, a body that cannot be read is refused first, as services of this family do.
 */
export const STRANGER_BODY_BYTES_MAX = 65_536;
