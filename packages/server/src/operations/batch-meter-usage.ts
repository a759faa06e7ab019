import type { BatchMeterUsageInput, BatchMeterUsageOutput } from "@countinghouse/protocol";
import { decideBatchMeterUsage, keysOf, type BatchMeterUsageDecision } from "../domain/decide/batch-meter-usage.ts";
import { setAside } from "../domain/injected-fault.ts";
import type { DecidedRecord } from "../ledger/entry.ts";
import { meteringRecordId } from "../ledger/ids.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { licensedProduct, refused, type OperationHandler } from "./operation.ts";

/** BatchMeterUsage: looking up each record's key and keeping the accepted records are one transaction. */
export function batchMeterUsageOperation(
  ledger: Ledger,
): OperationHandler<BatchMeterUsageInput, BatchMeterUsageOutput> {
  return (call, input) => {
    const [usageRecords, unprocessedRecords] = setAside(input.usageRecords, call.faults);
    const request = { callerAccountId: call.accountId, region: call.region, input: { ...input, usageRecords } };
    const keys = keysOf(request);
    return ledger.transact({
      call,
      keys,
      decide: (facts) => {
        const decision = decideBatchMeterUsage(request, keys, {
          ...facts,
          meteringRecordId: (position) => meteringRecordId(call.requestId, position),
        });
        if (decision.rejected !== undefined) {
          return refused(decision.rejected, { ...input }, licensedProduct(call, input, facts.catalogue));
        }
        return {
          event: {
            kind: "usage-metered",
            productCode: decision.productCode,
            records: meteredRecords(decision),
            ...(unprocessedRecords.length === 0 ? {} : { unprocessed: unprocessedRecords }),
          },
          records: decision.accepted,
          answer: { output: { results: decision.results, unprocessedRecords } },
        };
      },
    });
  };
}

function meteredRecords(decision: Exclude<BatchMeterUsageDecision, { rejected: object }>): DecidedRecord[] {
  const { results, accepted, notSubscribed } = decision;
  let next = 0;
  return results.map(({ usageRecord, status, meteringRecordId: id }, position) => {
    // `accepted` is in the order of the request, too.
    const isNew = accepted[next]?.position === position;
    if (isNew) next += 1;
    return { usageRecord, status, keptAs: isNew ? undefined : id, rule: notSubscribed.get(position) };
  });
}
