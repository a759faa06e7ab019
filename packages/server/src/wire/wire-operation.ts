/** An operation as the wire handler sees it: read, do, write. `wire-operations.ts` puts it together. */
import type { Decoded, OperationNames } from "@countinghouse/protocol";
import type { Asked } from "../ledger/entry.ts";
import type { AccountCall, Answer } from "../operations/operation.ts";

/** Reads an operation's input from the values of one protocol, and writes its output to them. */
export interface Codec {
  readonly decode: (value: unknown) => Decoded<unknown>;
  readonly encode: (output: unknown) => string | Uint8Array;
}

export interface WireOperation extends OperationNames {
  readonly json: Codec;
  readonly cbor: Codec;
  /** The part of the input that may be kept, without its secrets. */
  readonly asked: (input: unknown) => Asked;
  readonly run: (call: AccountCall, input: unknown) => Promise<Answer<unknown>>;
}
