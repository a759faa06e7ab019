/** Adds and removes faults for the operator; each change is a ledger entry. */
import type { InjectedFault } from "../domain/injected-fault.ts";
import type { Call } from "../ledger/entry.ts";
import type { Ledger, Decision } from "../ledger/ledger.ts";
import { FAULTS_MAX, type FaultPlan } from "./fault-plan.ts";

/** Why a change was refused, in words; undefined where it was made. */
type Complaint = string | undefined;

/**
 * The fault is in force at once: requests that it hits are queued behind the entry about it. If that entry cannot be kept,
 * neither can theirs, so nobody has got an answer that the fault changed.
 */
export async function addFault(ledger: Ledger, plan: FaultPlan, call: Call, fault: InjectedFault): Promise<Complaint> {
  const complaint = plan.add(fault)
    ? undefined
    : `${FAULTS_MAX} faults are in force, and none is used up; take one away first.`;
  try {
    return await ledger.transact({
      call,
      keys: [],
      decide: (): Decision<Complaint> =>
        complaint === undefined
          ? { event: { kind: "fault-added", fault }, answer: undefined }
          : { event: { kind: "call-refused", code: "conflict", message: complaint, compared: {} }, answer: complaint },
    });
  } catch (error) {
    plan.remove(fault.faultId);
    throw error;
  }
}

export async function removeFault(ledger: Ledger, plan: FaultPlan, call: Call, faultId: string): Promise<Complaint> {
  const complaint = plan.find(faultId) === undefined ? `No fault ${faultId}.` : undefined;
  await ledger.transact({
    call,
    keys: [],
    decide: (): Decision<undefined> => ({
      event:
        complaint === undefined
          ? { kind: "faults-removed", faultIds: [faultId] }
          : { kind: "call-refused", code: "not-found", message: complaint, compared: {} },
      answer: undefined,
    }),
  });
  plan.remove(faultId);
  return complaint;
}

export async function clearFaults(ledger: Ledger, plan: FaultPlan, call: Call): Promise<void> {
  const faultIds = plan.list().map(({ fault }) => fault.faultId);
  const event = { kind: "faults-removed", faultIds } as const;
  await ledger.transact({ call, keys: [], decide: () => ({ event, answer: undefined }) });
  for (const faultId of faultIds) plan.remove(faultId);
}
