/**
 * Completes and checks changes of the catalogue against what is held: what else they change, and why they cannot be made. Every
 * change goes through here, inside the ledger's transaction. Rules G6 to G8 and K8.
 */
import type { EpochMs } from "@countinghouse/protocol";
import type { Agreement } from "../catalogue/agreement.ts";
import type { CatalogueChange, CatalogueView } from "../catalogue/catalogue.ts";
import type { ChangeProblem } from "./change-problem.ts";
import { identityProblem } from "./identity.ts";
import { namesProblem } from "./names.ts";
import { overlaid, type CatalogueLookUps } from "./overlay.ts";
import { replacedAgreement, replacementProblem } from "./replacement.ts";
import { agreementTimesProblem, rememberingCover } from "./times.ts";

interface SettledChanges {
  /** The asked changes in their order, followed by the changes that they bring about. */
  readonly changes: readonly CatalogueChange[];
  /** For each change that cannot be made: the change, and the reason. */
  readonly problems: readonly { readonly change: CatalogueChange; readonly problem: ChangeProblem }[];
}

export function settledChanges(asked: readonly CatalogueChange[], held: CatalogueView, nowMs: EpochMs): SettledChanges {
  if (!asked.some(({ kind }) => kind === "agreement" || kind === "product")) return { changes: asked, problems: [] };
  const problems: { change: CatalogueChange; problem: ChangeProblem }[] = [];
  const changes = withReplaced(
    asked.map((change) => remembering(change, held, nowMs)),
    held,
    nowMs,
    (change, problem) => problems.push({ change, problem }),
  );
  const after = overlaid(changes, held);
  for (const change of changes) {
    if (problems.some((known) => known.change.kind === change.kind && known.change.id === change.id)) continue;
    const problem = problemOf(change, held, after, nowMs);
    if (problem !== undefined) problems.push({ change, problem });
  }
  return { changes, problems };
}

function remembering(change: CatalogueChange, held: CatalogueView, nowMs: EpochMs): CatalogueChange {
  if (change.kind !== "agreement" || change.value === undefined) return change;
  const before = held.agreement(change.id);
  return before === undefined ? change : { ...change, value: rememberingCover(before, change.value, nowMs) };
}

/** Adds the changes by which replaced agreements end. */
function withReplaced(
  asked: readonly CatalogueChange[],
  held: CatalogueView,
  nowMs: EpochMs,
  refuse: (change: CatalogueChange, problem: ChangeProblem) => void,
): CatalogueChange[] {
  const changes = [...asked];
  for (const { kind, id } of asked) {
    if (kind !== "agreement" || held.agreement(id) !== undefined) continue;
    // The agreement after the changes so far, which may include its own replacement.
    const change = changes.findLast((one) => one.kind === kind && one.id === id) as CatalogueChange;
    const agreement = change.value as Agreement | undefined;
    if (agreement?.replaces === undefined) continue;
    const at = changes.findLastIndex((one) => one.kind === "agreement" && one.id === agreement.replaces);
    const old = (at === -1 ? held.agreement(agreement.replaces) : changes[at]?.value) as Agreement | undefined;
    const problem = replacementProblem(agreement, old, held, nowMs);
    if (problem !== undefined) refuse(change, problem);
    if (problem !== undefined || old === undefined) continue;
    const replaced = replacedAgreement(old, agreement);
    if (at === -1) changes.push({ kind: "agreement", id: agreement.replaces, value: replaced });
    else changes[at] = { ...(changes[at] as CatalogueChange & { kind: "agreement" }), value: replaced };
  }
  return changes;
}

function problemOf(
  change: CatalogueChange,
  held: CatalogueView,
  after: CatalogueLookUps,
  nowMs: EpochMs,
): ChangeProblem | undefined {
  const renamed = identityProblem(change, held);
  if (renamed !== undefined || change.kind !== "agreement" || change.value === undefined) return renamed;
  const before = held.agreement(change.id);
  const moved = before && agreementTimesProblem(before, change.value, nowMs, after);
  return moved ?? namesProblem(change.value, after, held, nowMs);
}
