/** A refusal as a value: which error, by which rule, and the figures that were compared. Knows nothing of HTTP. */
import type { ErrorName, RuleId } from "@countinghouse/protocol";

export interface Rejection {
  readonly code: ErrorName;
  readonly rule: RuleId;
  readonly message: string;
  /** What was held against what, for whoever asks why. Never holds a secret or a token. */
  readonly compared: Readonly<Record<string, string | number>>;
}

export function rejection(
  code: ErrorName,
  rule: RuleId,
  message: string,
  compared: Readonly<Record<string, string | number>> = {},
): Rejection {
  return { code, rule, message, compared };
}
