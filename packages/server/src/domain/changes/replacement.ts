/** Rule G6: an agreement replaces another, under names of its own, from an hour's edge on. */
import { HOUR_MS, iso, type EpochMs } from "@countinghouse/protocol";
import { statusOf, type Agreement, type AgreementsById } from "../catalogue/agreement.ts";
import { conflict, invalid, type ChangeProblem } from "./change-problem.ts";
import { nextReplacementMs } from "./usage-hours.ts";

/** The replaced agreement as it then is: it ends where its replacement begins, unless it ends earlier. */
export function replacedAgreement(old: Agreement, { agreementId, startsAtMs }: Agreement): Agreement {
  return { ...old, endsAtMs: Math.min(old.endsAtMs ?? Number.POSITIVE_INFINITY, startsAtMs), replacedBy: agreementId };
}

/** `after`: the catalogue with all changes but the replacement; `before`: the catalogue as it is held now. */
export function replacementProblem(
  agreement: Agreement,
  old: Agreement | undefined,
  before: AgreementsById,
  nowMs: EpochMs,
): ChangeProblem | undefined {
  const { replaces = "", agreementId } = agreement;
  if (old === undefined) return invalid("replaces", `no agreement ${replaces}`);
  if (replaces === agreementId) return invalid("replaces", "must be another agreement");
  return (
    partiesProblem(agreement, old) ?? stateProblem(old, before, nowMs) ?? edgeProblem(agreement, old, before, nowMs)
  );
}

/** With another product or customer account it would be a separate agreement, not a replacement. */
function partiesProblem(agreement: Agreement, old: Agreement): ChangeProblem | undefined {
  for (const member of ["productCode", "customerAccountId"] as const) {
    if (agreement[member] === old[member]) continue;
    return invalid(member, `must be that of agreement ${old.agreementId}, which it replaces: ${old[member]}`);
  }
  return undefined;
}

function stateProblem(old: Agreement, before: AgreementsById, nowMs: EpochMs): ChangeProblem | undefined {
  const { agreementId, replacedBy, cancelledAtMs, endsAtMs, suspendedAtMs } = old;
  if (replacedBy !== undefined)
    return conflict("replaces", `agreement ${agreementId} is replaced by ${replacedBy} already`);
  if (before.agreement(agreementId) === undefined) return undefined;
  if (cancelledAtMs !== undefined) {
    return conflict("replaces", `agreement ${agreementId} was cancelled at ${iso(cancelledAtMs)}`);
  }
  if (statusOf(old, nowMs) === "expired" && endsAtMs !== undefined) {
    return conflict("replaces", `agreement ${agreementId} ran out at ${iso(endsAtMs)}`);
  }
  if (suspendedAtMs === undefined) return undefined;
  return conflict("replaces", `agreement ${agreementId} is suspended since ${iso(suspendedAtMs)}; resume it first`);
}

/** Nothing has been metered yet under an agreement that is new in this change: it may be replaced at any hour's edge. */
function edgeProblem(
  { startsAtMs, endsAtMs = Number.POSITIVE_INFINITY }: Agreement,
  old: Agreement,
  before: AgreementsById,
  nowMs: EpochMs,
): ChangeProblem | undefined {
  if (startsAtMs <= old.startsAtMs) {
    const message = `must lie after the start of agreement ${old.agreementId}, which it replaces: ${iso(old.startsAtMs)}`;
    return invalid("startsAt", message);
  }
  if (endsAtMs <= startsAtMs) return invalid("endsAt", `must lie after startsAt, ${iso(startsAtMs)}`);
  const isEdge = startsAtMs % HOUR_MS === 0;
  if (before.agreement(old.agreementId) === undefined) {
    return isEdge ? undefined : invalid("startsAt", "must be an hour's edge (UTC) where another agreement is replaced");
  }
  const firstMs = nextReplacementMs(nowMs);
  if (isEdge && startsAtMs >= firstMs) return undefined;
  return invalid(
    "startsAt",
    `must be an hour's edge (UTC) more than 900 s after the service clock, which says ${iso(nowMs)}: ${iso(firstMs)} or a later one`,
  );
}
