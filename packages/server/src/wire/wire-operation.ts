/** An operation as the wire handler sees it: read, do, write. Composed in `wire-operations.ts`. */
import type { Decoded, OperationNames } from "@countinghouse/protocol";
import type { Asked } from "../ledger/entry.ts";
import type { AccountCall, Answer } from "../operations/operation.ts";

/** How an operation's input is read from, and its output written to, the values of one protocol. */
export interface Codec {
  readonly decode: (value: unknown) => Decoded<unknown>;
  readonly encode: (output: unknown) => string | Uint8Array;
}

export interface WireOperation extends OperationNames {
  readonly json: Codec;
  readonly cbor: Codec;
  /** The input without its secrets, as it may be kept. */
  readonly asked: (input: unknown) => Asked;
  readonly run: (call: AccountCall, input: unknown) => Promise<Answer<unknown>>;
}
