/** Rule G6: one agreement goes on with another, under names of its own, from an hour's edge on. */
import { HOUR_MS, iso, type EpochMs } from "@countinghouse/protocol";
import { statusOf, type Agreement, type AgreementsById } from "../catalogue/agreement.ts";
import { conflict, invalid, type ChangeProblem } from "./change-problem.ts";
import { nextReplacementMs } from "./usage-hours.ts";

/** The replaced agreement as it is from then on: it ends where the other begins, unless it ends before. */
export function replacedAgreement(old: Agreement, { agreementId, startsAtMs }: Agreement): Agreement {
  return { ...old, endsAtMs: Math.min(old.endsAtMs ?? Number.POSITIVE_INFINITY, startsAtMs), replacedBy: agreementId };
}

/** `after`: everything as it will be but for the replacement; `before`: as it is held now. */
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

/** Another product, or an account that changed hands, is another agreement: there is nothing to go on with. */
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

/** Of an agreement that comes with this change, nothing was metered yet: any edge of an hour will do. */
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
