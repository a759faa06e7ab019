/** How operations are called, and how they answer. */
import type { ErrorName } from "@countinghouse/protocol";
import type { ErrorCode, Rejection } from "../domain/rejection.ts";
import { keptRequest } from "../ledger/clipped-request.ts";
import type { Asked, Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";

export interface AccountCall extends Call {
  readonly accountId: string;
  readonly region: string;
}

export type Answer<Output, Code extends ErrorCode = ErrorName> = (
  | { readonly rejected: Rejection<Code>; readonly output?: undefined }
  | { readonly rejected?: undefined; readonly output: Output }
) & {
  /** The answer is durable, but is not sent to the caller. Rule F1. */
  readonly dropped?: boolean;
};

export type OperationHandler<Input, Output> = (call: AccountCall, input: Input) => Promise<Answer<Output>>;

/** How much of a refusal's text is kept, because the text may quote what was sent. The caller gets all of it. */
const TEXT_CHARACTERS_KEPT = 2_048;

function keptRejection<Code extends ErrorCode>(rejected: Rejection<Code>): Rejection<Code> {
  const { message } = rejected;
  if (message.length <= TEXT_CHARACTERS_KEPT) return rejected;
  return { ...rejected, message: `${message.slice(0, TEXT_CHARACTERS_KEPT)}…` };
}

/** Keeps a refusal like any other event: who asked for what, the rule, and the compared figures. */
export function refused<Output, Code extends ErrorCode = ErrorName>(
  rejected: Rejection<Code>,
  request: Asked | undefined,
): Decision<Answer<Output, Code>> {
  return {
    event: { kind: "call-refused", ...keptRejection(rejected), ...(request === undefined ? {} : keptRequest(request)) },
    answer: { rejected },
  };
}

/** Keeps a refusal that needed no facts, and answers with it when that is durable. */
export function recordRefusal<Code extends ErrorCode = ErrorName>(
  ledger: Ledger,
  call: Call,
  rejected: Rejection<Code>,
  request: Asked | undefined,
): Promise<Answer<never, Code>> {
  return ledger.transact({ call, keys: [], decide: () => refused<never, Code>(rejected, request) });
}
