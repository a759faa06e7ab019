/** An operation with faults on demand, which can throttle it, make it fail, or delay or drop its answer. Rule F1. */
import type { FaultHit } from "../domain/injected-fault.ts";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { Asked } from "../ledger/entry.ts";
import type { Ledger } from "../ledger/ledger.ts";
import {
  productNamed,
  recordRefusal,
  type AccountCall,
  type Answer,
  type OperationHandler,
} from "../operations/operation.ts";
import type { FaultPlan } from "./fault-plan.ts";

interface FaultInjection {
  readonly plan: FaultPlan;
  readonly ledger: Ledger;
  readonly sleep: (ms: number) => Promise<void>;
}

/** The parts of an operation that faults need. */
interface Faulty {
  readonly run: OperationHandler<unknown, unknown>;
  readonly asked: (input: unknown) => Asked;
}

/** The operation, changed for the requests that a fault hits. */
export function withFaults<Operation extends Faulty>(operation: Operation, injection: FaultInjection): Operation {
  const { plan, ledger } = injection;
  const run: Operation["run"] = (call, input) => {
    const faults = plan.hit(() => ({ ...call, productCode: productNamed(input as Asked, ledger.catalogue) }));
    return faults.length === 0 ? operation.run(call, input) : runHit(operation, { ...call, faults }, input, injection);
  };
  return { ...operation, run };
}

/**
 * A fault that refuses comes first, so that the operation does not run. A fault that holds the answer back comes last, when
 * everything is durable. The operation itself heeds `unprocessed`.
 */
async function runHit(
  operation: Faulty,
  call: AccountCall & { readonly faults: readonly FaultHit[] },
  input: unknown,
  { ledger, sleep }: FaultInjection,
): Promise<Answer<unknown>> {
  const { faults } = call;
  const refusal = faults.map(refusalOf).find((rejected) => rejected !== undefined);
  const answer = await (refusal === undefined
    ? operation.run(call, input)
    : recordRefusal(ledger, call, refusal, operation.asked(input)));
  for (const { delayMs } of faults) if (delayMs !== undefined) await sleep(delayMs);
  return faults.some(({ kind }) => kind === "drop-answer") ? { ...answer, dropped: true } : answer;
}

function refusalOf({ faultId, kind }: FaultHit): Rejection | undefined {
  if (kind === "throttle") return rejection("ThrottlingException", "F1", "Rate exceeded", { faultId });
  if (kind !== "internal-error") return undefined;
  const message = "An internal error occurred. Send it again, unchanged.";
  return rejection("InternalServiceErrorException", "F1", message, { faultId });
}
