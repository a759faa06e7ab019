/** Faults on demand, with which callers are tested in a lab. Rule F1. */
import type { InjectedFault } from "../../domain/injected-fault.ts";
import { addFault, clearFaults, removeFault } from "../../faults/change-faults.ts";
import type { PlannedFault } from "../../faults/fault-plan.ts";
import type { OperatorContext } from "../context.ts";
import type { Fault, faultRoutes } from "../contract/faults.ts";
import { pageOf } from "../page.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

export function faultHandlers({ ledger, faults, lab }: OperatorContext): Handlers<keyof typeof faultRoutes> {
  const needLab = (): void => {
    if (!lab) throw new ProblemError(403, "Faults on demand need --lab.");
  };
  return {
    "GET /faults": ({ query }) => {
      needLab();
      return pageOf(faults.list().map(faultView), query, { idOf: ({ faultId }) => faultId });
    },
    "POST /faults": async ({ body: asked, call: called }) => {
      needLab();
      const call = called("CreateFault");
      const count = asked.count ?? (asked.probability === undefined ? 1 : undefined);
      const { operation, kind, probability, delayMs, records, match } = asked;
      const fault: InjectedFault = {
        faultId: call.requestId,
        operation,
        kind,
        count,
        probability,
        delayMs,
        records,
        match,
      };
      const complaint = await addFault(ledger, faults, call, fault);
      if (complaint !== undefined) throw new ProblemError(409, complaint);
      return faultView(faults.find(fault.faultId) ?? { fault, hits: 0 });
    },
    "DELETE /faults": async ({ call }) => {
      needLab();
      await clearFaults(ledger, faults, call("DeleteFaults"));
    },
    "DELETE /faults/{id}": async ({ params: { id }, call }) => {
      needLab();
      const complaint = await removeFault(ledger, faults, call("DeleteFault"), id);
      if (complaint !== undefined) throw new ProblemError(404, complaint);
    },
  };
}

function faultView({ fault, hits }: PlannedFault): Fault {
  const { faultId, operation, kind, count, probability, delayMs, records, match } = fault;
  const remaining = count === undefined ? undefined : count - hits;
  return { faultId, operation, kind, count, probability, delayMs, records, match, hits, remaining };
}
