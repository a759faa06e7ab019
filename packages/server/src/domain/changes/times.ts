/** Rule G8: how an agreement's start and end may still move when usage may have been metered under it. */
import { AHEAD_SECONDS_MAX, iso, type EpochMs } from "@countinghouse/protocol";
import { coverEndMs, type Agreement, type AgreementsById } from "../catalogue/agreement.ts";
import { conflict, type ChangeProblem } from "./change-problem.ts";

export function agreementTimesProblem(
  before: Agreement,
  after: Agreement,
  nowMs: EpochMs,
  agreements: AgreementsById,
): ChangeProblem | undefined {
  return startProblem(before, after, nowMs) ?? endProblem(after, agreements);
}

function startProblem(before: Agreement, after: Agreement, nowMs: EpochMs): ChangeProblem | undefined {
  const { startsAtMs, agreementId, replaces } = before;
  if (after.startsAtMs === startsAtMs) return undefined;
  if (replaces !== undefined) {
    return conflict(
      "startsAt",
      `agreement ${agreementId} replaces ${replaces} at ${iso(startsAtMs)}, and that never changes`,
    );
  }
  if (after.startsAtMs < startsAtMs || startsAtMs > nowMs + AHEAD_SECONDS_MAX * 1000) return undefined;
  return conflict(
    "startsAt",
    `agreement ${agreementId} begins at ${iso(startsAtMs)}, and usage may have been metered since; it can be moved to an earlier time only (the service clock says ${iso(nowMs)})`,
  );
}

function endProblem(after: Agreement, agreements: AgreementsById): ChangeProblem | undefined {
  const { agreementId, replacedBy, endsAtMs = Number.POSITIVE_INFINITY } = after;
  const successor = replacedBy === undefined ? undefined : agreements.agreement(replacedBy);
  if (successor === undefined || endsAtMs <= successor.startsAtMs) return undefined;
  return conflict(
    "endsAt",
    `agreement ${agreementId} is replaced by ${replacedBy} at ${iso(successor.startsAtMs)}, and cannot end after that`,
  );
}

/**
 * The agreement with a note of the time up to which it has covered usage, where its end is now earlier: another name of the
 * customer must not begin before that time.
 */
export function rememberingCover(before: Agreement, after: Agreement, nowMs: EpochMs): Agreement {
  const coveredUntilMs = Math.min(coverEndMs(before), nowMs);
  const { coveredUntilMs: known = Number.NEGATIVE_INFINITY } = before;
  if (coverEndMs(after) >= coveredUntilMs || known >= coveredUntilMs || before.startsAtMs >= coveredUntilMs)
    return after;
  return { ...after, coveredUntilMs };
}
