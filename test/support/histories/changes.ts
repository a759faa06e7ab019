/**
 * Which changes of agreements are allowed: a second implementation, from docs/RULES.md, of Rules G6 to G8 and K8. Each function
 * answers the status that the operator API must answer; where that is no refusal, it also makes the change in the model.
 */
import { HOURS, startOfHour, type Model, type ModelAgreement } from "./model.ts";

const AHEAD = 900_000;
/** No rule set accepts usage that is older than this. */
const OLDEST = 24 * HOURS;

/** Rule G7. */
export function rename(agreement: ModelAgreement, change: Partial<ModelAgreement>): 200 | 409 {
  const isSame = Object.entries(change).every(([name, value]) => agreement[name as keyof ModelAgreement] === value);
  return isSame ? 200 : 409;
}

export function add(model: Model, agreement: ModelAgreement): 201 | 409 {
  return settle(model, [agreement]) ? 201 : 409;
}

/** Rule G6. */
export function replace(model: Model, old: ModelAgreement, next: ModelAgreement): 201 | 409 | 422 {
  const { nowMs } = model;
  const { cancelledAtMs, endsAtMs = Infinity, replacedBy, suspended = false } = old;
  if (replacedBy !== undefined || cancelledAtMs !== undefined || nowMs >= endsAtMs || suspended) return 409;
  const isEdge = startOfHour(next.startsAtMs) === next.startsAtMs;
  if (next.startsAtMs <= old.startsAtMs || !isEdge || next.startsAtMs - nowMs <= AHEAD) return 422;
  const ended = { ...old, endsAtMs: Math.min(endsAtMs, next.startsAtMs), replacedBy: next.agreementId };
  return settle(model, [ended, next]) ? 201 : 409;
}

/** Rule G8. */
export function moveStart(model: Model, agreement: ModelAgreement, startsAtMs: number): 200 | 409 | 422 {
  const { endsAtMs = Infinity, replaces, startsAtMs: before } = agreement;
  if (endsAtMs <= startsAtMs) return 422;
  if (startsAtMs === before) return settle(model, [agreement]) ? 200 : 409;
  if (replaces !== undefined || (startsAtMs > before && before - model.nowMs <= AHEAD)) return 409;
  return settle(model, [{ ...agreement, startsAtMs }]) ? 200 : 409;
}

/** Rule G8. */
export function moveEnd(model: Model, agreement: ModelAgreement, endsAtMs: number): 200 | 409 | 422 {
  const { startsAtMs, replacedBy, coveredUntilMs = -Infinity } = agreement;
  if (endsAtMs <= startsAtMs) return 422;
  const next = model.agreements.find(({ agreementId }) => agreementId === replacedBy);
  if (next !== undefined && endsAtMs > next.startsAtMs) return 409;
  const changed = { ...agreement, endsAtMs };
  const coveredMs = Math.min(endOf(agreement), model.nowMs);
  const isShorter = endOf(changed) < coveredMs && coveredMs > coveredUntilMs && coveredMs > startsAtMs;
  return settle(model, [isShorter ? { ...changed, coveredUntilMs: coveredMs } : changed]) ? 200 : 409;
}

/** Makes the changes, unless one of them gives a new name for hours in which another is in use. Rule K8. */
function settle(model: Model, changes: readonly ModelAgreement[]): boolean {
  const before = model.agreements;
  const ids = new Set(changes.map(({ agreementId }) => agreementId));
  const after = [...before.filter(({ agreementId }) => !ids.has(agreementId)), ...changes];
  if (changes.some((changed) => bringsNewName(changed, before, after, model.nowMs))) return false;
  for (const changed of changes) model.put(changed);
  return true;
}

function bringsNewName(
  changed: ModelAgreement,
  before: readonly ModelAgreement[],
  after: readonly ModelAgreement[],
  nowMs: number,
): boolean {
  const was = before.find(({ agreementId }) => agreementId === changed.agreementId);
  const others = after.filter(
    (other) =>
      other !== changed &&
      other.productCode === changed.productCode &&
      other.customerAccountId === changed.customerAccountId &&
      before.some(({ agreementId }) => agreementId === other.agreementId),
  );
  const named = others.map((other) => [other, hoursOf(other, after)] as const);
  if (was !== undefined) named.push([was, hoursOf(was, before)]);
  return others.some((other) =>
    newHours(was && hoursOf(was, before), hoursOf(changed, after)).some(([from, to]) => {
      const [otherFrom, otherTo] = hoursOf(other, after);
      const first = Math.max(from, otherFrom);
      const end = Math.min(to, otherTo);
      if (first >= end || end <= nowMs - OLDEST) return false;
      const isUsed = (has: (one: ModelAgreement) => boolean): boolean =>
        named.some(([one, [oneFrom, oneTo]]) => has(one) && oneFrom <= first && first <= oneTo);
      const { customerIdentifier, licenseArn } = changed;
      if (customerIdentifier !== undefined && other.customerIdentifier !== customerIdentifier) {
        if (other.customerIdentifier !== undefined) return true;
        if (!isUsed((one) => one.customerIdentifier === customerIdentifier)) return true;
      }
      if (licenseArn === undefined || other.licenseArn !== undefined) return false;
      return !isUsed((one) => one.licenseArn !== undefined);
    }),
  );
}

type Hours = readonly [fromMs: number, toMs: number];

/** The whole hours in which usage under an agreement may lie. */
function hoursOf(agreement: ModelAgreement, all: readonly ModelAgreement[]): Hours {
  const { startsAtMs, coveredUntilMs = -Infinity, replacedBy } = agreement;
  const next = all.find(({ agreementId }) => agreementId === replacedBy);
  const lastMs = Math.max(endOf(agreement), coveredUntilMs) + AHEAD;
  const toMs = startOfHour(lastMs) === lastMs || lastMs === Infinity ? lastMs : startOfHour(lastMs) + HOURS;
  return [startOfHour(startsAtMs), Math.min(toMs, next?.startsAtMs ?? Infinity)];
}

function newHours(was: Hours | undefined, is: Hours): Hours[] {
  if (was === undefined) return [is];
  const parts: Hours[] = [
    [is[0], Math.min(was[0], is[1])],
    [Math.max(was[1], is[0]), is[1]],
  ];
  return parts.filter(([from, to]) => from < to);
}

function endOf({ endsAtMs = Infinity, cancelledAtMs = Infinity }: ModelAgreement): number {
  return Math.min(endsAtMs, cancelledAtMs + HOURS);
}
