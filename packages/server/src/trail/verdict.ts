/** What a rule set would have answered to a call of a trail, beside what AWS answered. */
import type { DecodeRefusal } from "@countinghouse/protocol";
import type { TrailCall, Unsaid } from "./trail-call.ts";

/** An answer in words that can be compared. */
export interface Answer {
  /** `TimestampOutOfBoundsException`, `taken`, or each record's status, such as `2 Success, 1 DuplicateRecord`. */
  readonly text: string;
  /** The rule, where the rules refused. */
  readonly rule?: string | undefined;
}

/** Why nothing was compared, as sentences that follow `… not compared:`. */
export const WHY_NOT_JUDGED = {
  "request-missing": "the request is not in the trail",
  "request-clipped": "only the beginning of the request is in the trail",
  "answer-missing": "the answer is not in the trail, or does not fit the request",
  "value-hidden": "a value of the request is hidden",
  "token-hidden": "the registration token is hidden, and all that the answer follows from is in it",
  "first-registration":
    "whether a task or pod that registers for the first time may have the product is decided by its platform and by agreements, and neither is in the trail",
  "refused-by-what-the-trail-lacks": "AWS refused by its catalogue, policies, platforms or quotas",
  "no-record-to-compare": "AWS left all records undecided, or knew them from before, or did not know their customers",
  "metered-before": "what AWS holds it against was metered before the trail begins, or by other credentials",
} as const satisfies Readonly<Record<string, string>>;

export type NotJudged = keyof typeof WHY_NOT_JUDGED;

export type Verdict =
  | { readonly notJudged: NotJudged }
  | {
      readonly notJudged?: undefined;
      readonly same: boolean;
      readonly aws: Answer;
      readonly answer: Answer;
      /** Records that were left out of the comparison. */
      readonly left: number;
    };

/** A refusal before AWS has looked at what the request says: who may call, how often, and trouble of its own. */
const BEFORE_THE_REQUEST =
  "AccessDenied|Throttling|InternalService|InternalFailure|ServiceUnavailable|ExpiredToken|UnrecognizedClient|InvalidClientTokenId|InvalidSignature|IncompleteSignature|MissingAuthentication|OptInRequired|RequestExpired";
/** A refusal by what the trail does not tell: who is subscribed, which products and dimensions there are, what runs where. */
const BY_THE_CATALOGUE =
  "InvalidProductCode|InvalidCustomerIdentifier|InvalidLicense|CustomerNotEntitled|InvalidEndpointRegion|InvalidUsageDimension|DisabledApi|InvalidToken|PlatformNotSupported|InvalidPublicKeyVersion|InvalidRegion";
const beforeTheRequest = new RegExp(`^(?:${BEFORE_THE_REQUEST})`);
const ofElsewhere = new RegExp(`^(?:${BEFORE_THE_REQUEST}|${BY_THE_CATALOGUE})`);

export function isOfElsewhere(error: string | undefined): boolean {
  return error !== undefined && ofElsewhere.test(error);
}

/** Of a call whose request, or answer, says too little, or whose request no service can read; undefined for all others. */
export function verdictBeforehand({
  unsaid,
  malformed,
  answer: { error },
}: {
  readonly unsaid: Unsaid | undefined;
  readonly malformed: DecodeRefusal | undefined;
  readonly answer: TrailCall["answer"];
}): Verdict | undefined {
  if (unsaid !== undefined) return { notJudged: unsaid };
  if (malformed === undefined) return undefined;
  if (error !== undefined && beforeTheRequest.test(error)) return { notJudged: "refused-by-what-the-trail-lacks" };
  const rule = malformed.code === "ValidationException" ? "L5" : "D3";
  return compared(error ?? "taken", { text: malformed.code, rule }, 0);
}

/** How much later than its record says a call may have come: event times are whole seconds. */
const SECOND_MS = 999;

/** The verdict at the beginning of the call's second; where it differs from AWS's and the one at its end does not, that one. */
export function atSomeMoment<V extends { readonly verdict: Extract<Verdict, { same: boolean }> }>(
  atMs: number,
  judgeAt: (nowMs: number) => V,
): V {
  const first = judgeAt(atMs);
  if (first.verdict.same) return first;
  const last = judgeAt(atMs + SECOND_MS);
  return last.verdict.same ? last : first;
}

export function compared(aws: string, answer: Answer, left: number): Extract<Verdict, { same: boolean }> {
  return { same: nameOf(aws) === nameOf(answer.text), aws: { text: aws }, answer, left };
}

/** CloudTrail writes some errors without the word at their end. */
function nameOf(text: string): string {
  return text.replace(/Exception$/, "");
}
