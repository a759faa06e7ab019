/**
 * The protocols of the wire: what lies between a request's bytes and an operation. Each says how an operation is named, how
 * its input and output are written, and how a refusal looks. What is refused of a request that names an operation, and in
 * which order, is the same for all.
 */
import type { ErrorName } from "@countinghouse/protocol";
import type { WireRequest, WireResponse } from "../../listener/message.ts";
import type { Codec, WireOperation } from "../wire-operation.ts";

export interface WireProtocol {
  readonly codecOf: (operation: WireOperation) => Codec;
  /** All that is asked of a request before it is known who sent it: the operation that it names, or a refusal. */
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

/** A request that names an operation; nothing more is known of it yet. */
export interface ReadRequest {
  readonly operation: WireOperation;
  /** Undefined where it is parsed only once it is known who sent it. */
  readonly input: object | undefined;
}

/** Why a body holds no structure, where there is something to tell. */
export class Unreadable {
  readonly message: string | undefined;

  constructor(message?: string) {
    this.message = message;
  }
}

/**
 * A larger body is looked into only once its signature is good: one can be made that costs fifty times its signature. Up to
 * this, what cannot be read is refused first, as services of this family do.
 */
export const STRANGER_BODY_BYTES_MAX = 65_536;
