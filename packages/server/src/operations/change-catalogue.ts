/** Puts objects into the catalogue, or removes them, for the operator. */
import type { EpochMs } from "@countinghouse/protocol";
import { referenceProblem, type ReferenceProblem } from "../domain/catalogue/references.ts";
import type { CatalogueChange, CatalogueView } from "../domain/catalogue/catalogue.ts";
import type { ChangeProblem } from "../domain/changes/change-problem.ts";
import { identityProblem } from "../domain/changes/identity.ts";
import { settledChanges } from "../domain/changes/settled-changes.ts";
import type { Asked, Call, LedgerEvent, OperatorRefusal } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";

/** Why a change was not made. */
export interface CatalogueRefusal {
  readonly reason: OperatorRefusal;
  readonly message: string;
}

/** The changes, given the catalogue inside the transaction; or why nothing is changed. */
type PlanChanges = (catalogue: CatalogueView, nowMs: EpochMs) => readonly CatalogueChange[] | CatalogueRefusal;

/** A plan that also answers something that it found. */
interface AnsweringPlan<A> {
  readonly changes: readonly CatalogueChange[];
  readonly answer: A;
}

export async function changeCatalogue(
  ledger: Ledger,
  call: Call,
  plan: PlanChanges,
): Promise<CatalogueRefusal | undefined> {
  const { refusal } = await changeAndAnswer(ledger, call, (catalogue, nowMs) => {
    const changes = plan(catalogue, nowMs);
    return "reason" in changes ? changes : { changes, answer: undefined };
  });
  return refusal;
}

/** The same, with the answer of the plan that was carried out. `plan` is pure: it may be called again. */
export function changeAndAnswer<A>(
  ledger: Ledger,
  call: Call,
  plan: (catalogue: CatalogueView, nowMs: EpochMs) => AnsweringPlan<A> | CatalogueRefusal,
): Promise<Changed<A>> {
  return ledger.transact({
    call,
    keys: [],
    decide: ({ catalogue, nowMs }): Decision<Changed<A>> => {
      const planned = plan(catalogue, nowMs);
      if ("reason" in planned) return refusedChange(planned);
      for (const change of planned.changes) {
        const renamed = identityProblem(change, catalogue);
        if (renamed !== undefined) return refusedChange(refusalOf(renamed));
        const problem = referenceProblem(change, catalogue, catalogue);
        if (problem !== undefined) return refusedChange(invalidChange(problem));
      }
      const { changes, problems } = settledChanges(planned.changes, catalogue, nowMs);
      const [first] = problems;
      if (first !== undefined) return refusedChange(refusalOf(first.problem));
      const { answer } = planned;
      return { event: catalogueChanged(changes), catalogue: changes, answer: { answer, refusal: undefined } };
    },
  });
}

type Changed<A> =
  | { readonly answer: A; readonly refusal: undefined }
  | { readonly answer?: undefined; readonly refusal: CatalogueRefusal };

/** The refusal for a wrong member. */
export function invalidChange(problem: ReferenceProblem): CatalogueRefusal {
  return refusalOf({ reason: "invalid", ...problem });
}

function refusalOf({ reason, path, message }: ChangeProblem): CatalogueRefusal {
  // A conflict is a whole sentence; an invalid member may be one of several complaints, which have no full stop.
  return { reason, message: `${path.join(".")}: ${message}${reason === "conflict" ? "." : ""}` };
}

/** The ledger event of changes: the changed objects and their new values, without secrets. */
export function catalogueChanged(changes: readonly CatalogueChange[]): LedgerEvent {
  return {
    kind: "catalogue-changed",
    changes: changes.map((change) => {
      const { kind, id } = change;
      if (change.value === undefined) return { kind, id, action: "removed" };
      return {
        kind,
        id,
        action: "put",
        value: withoutSecret(change.value),
      };
    }),
  };
}

function withoutSecret(value: object): Asked {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !name.startsWith("sealed")));
}

function refusedChange(refusal: CatalogueRefusal): Decision<{ readonly refusal: CatalogueRefusal }> {
  const { reason, message } = refusal;
  return { event: { kind: "call-refused", code: reason, message, compared: {} }, answer: { refusal } };
}
