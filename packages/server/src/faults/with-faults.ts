/** An operation as faults on demand let it be: throttled, failed, answered late or never. Rule F1. */
import type { UsageRecord } from "@countinghouse/protocol";
import type { CatalogueView } from "../domain/catalogue.ts";
import type { FaultHit } from "../domain/injected-fault.ts";
import { rejection, type Rejection } from "../domain/rejection.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { recordRefusal, type OperationHandler } from "../operations/answer.ts";
import type { FaultPlan } from "./fault-plan.ts";

export interface FaultInjection {
  readonly plan: FaultPlan;
  readonly ledger: Ledger;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * The operation with faults before and after it. What refuses comes first, so that the operation never runs; what keeps
 * the answer back comes last, when all is durable. `unprocessed` lies between: it is the operation's own to heed.
 */
export function withFaults<Operation extends { readonly run: OperationHandler<unknown, unknown> }>(
  operation: Operation,
  { plan, ledger, sleep }: FaultInjection,
): Operation {
  const run: Operation["run"] = async (call, input) => {
    const faults = plan.hit(() => ({ ...call, productCode: productOf(input as NamesProduct, ledger.catalogue) }));
    if (faults.length === 0) return operation.run(call, input);
    const hit = { ...call, faults };
    const refusal = faults.map(refusalOf).find((rejected) => rejected !== undefined);
    const answer = await (refusal === undefined ? operation.run(hit, input) : recordRefusal(ledger, hit, refusal));
    for (const { delayMs } of faults) if (delayMs !== undefined) await sleep(delayMs);
    return faults.some(({ kind }) => kind === "drop-answer") ? { ...answer, dropped: true } : answer;
  };
  return { ...operation, run };
}

/** Whatever operation it is for, an input names its product in one of these ways, or not at all. */
interface NamesProduct {
  readonly productCode?: string;
  readonly usageRecords?: readonly UsageRecord[];
}

function productOf({ productCode, usageRecords = [] }: NamesProduct, catalogue: CatalogueView): string | undefined {
  if (productCode !== undefined) return productCode;
  const licenseArn = usageRecords.find((record) => record.licenseArn !== undefined)?.licenseArn;
  return licenseArn === undefined ? undefined : catalogue.agreementByLicense(licenseArn)?.productCode;
}

function refusalOf({ faultId, kind }: FaultHit): Rejection | undefined {
  if (kind === "throttle") return rejection("ThrottlingException", "F1", "Rate exceeded", { faultId });
  if (kind !== "internal-error") return undefined;
  const message = "An internal error occurred. Send it again, unchanged.";
  return rejection("InternalServiceErrorException", "F1", message, { faultId });
}
