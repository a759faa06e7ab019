/** A refusal as a value: the error, the rule, and the figures that were compared. It knows nothing of HTTP. */
import type { ErrorName, RuleId, StsErrorName } from "@countinghouse/protocol";

/** The names of errors, of all services. */
export type ErrorCode = ErrorName | StsErrorName;

export interface Rejection<Code extends ErrorCode = ErrorName> {
  readonly code: Code;
  readonly rule: RuleId;
  readonly message: string;
  /** The compared figures, for the explanation of the refusal. Never holds a secret or a token. */
  readonly compared: Readonly<Record<string, string | number>>;
}

export function rejection<Code extends ErrorCode = ErrorName>(
  code: Code,
  rule: RuleId,
  message: string,
  compared: Readonly<Record<string, string | number>> = {},
): Rejection<Code> {
  return { code, rule, message, compared };
}

/** A record's place in its request, from 0; undefined where a request is about one record only. */
export type RecordPosition = number | undefined;

/** The place in words, to follow a remark about the record, and as a figure from 1; empty where there is only one record. */
export function placeOf(position: RecordPosition): {
  readonly text: string;
  readonly figures: Readonly<Record<string, number>>;
} {
  if (position === undefined) return { text: "", figures: {} };
  return { text: ` of usage record ${position + 1}`, figures: { record: position + 1 } };
}
