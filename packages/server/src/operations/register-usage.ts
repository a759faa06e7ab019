import type { RegisterUsageInput, RegisterUsageOutput } from "@countinghouse/protocol";
import { decideRegisterUsage } from "../domain/decide/register-usage.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { recordRefusal, type OperationHandler } from "./answer.ts";

/** RegisterUsage: every caller there is so far is refused, since none is a task or pod. */
export function registerUsageOperation(ledger: Ledger): OperationHandler<RegisterUsageInput, RegisterUsageOutput> {
  return (call, input) => recordRefusal(ledger, call, decideRegisterUsage(input.productCode), { ...input });
}
