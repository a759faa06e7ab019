import type { MeterUsageInput, MeterUsageOutput } from "@countinghouse/protocol";
import { decideMeterUsage } from "../domain/decide/meter-usage.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { recordRefusal, type OperationHandler } from "./answer.ts";

/** MeterUsage: every caller there is so far is refused, since none is a metered resource. */
export function meterUsageOperation(ledger: Ledger): OperationHandler<MeterUsageInput, MeterUsageOutput> {
  return (call, input) => recordRefusal(ledger, call, decideMeterUsage(input.productCode), { ...input });
}
