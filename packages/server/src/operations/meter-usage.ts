import { DRY_RUN_RECORD_ID, type MeterUsageInput, type MeterUsageOutput } from "@countinghouse/protocol";
import { decideMeterUsage, meterUsageKeys } from "../domain/decide/meter-usage.ts";
import { resourcesOf } from "../domain/decide/resource-checks.ts";
import { heardCalling } from "../domain/resources/observation.ts";
import { keptRequest } from "../ledger/clipped-request.ts";
import { meteringRecordId } from "../ledger/ids.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { putResource } from "../ledger/resource-facts.ts";
import { refused, type OperationHandler } from "./operation.ts";

/** MeterUsage: looking up the hour and the client token and keeping the accepted record are one transaction. */
export function meterUsageOperation(ledger: Ledger): OperationHandler<MeterUsageInput, MeterUsageOutput> {
  return (call, input) => {
    const { accountId: callerAccountId, region, session } = call;
    const request = { callerAccountId, region, session, input };
    const keys = meterUsageKeys(request);
    const newId = meteringRecordId(call.requestId, 0);
    return ledger.transact({
      call,
      keys,
      resources: resourcesOf(call),
      decide: ({ resources: [known], ...facts }) => {
        const decision = decideMeterUsage(request, keys, { ...facts, resource: known, meteringRecordId: newId });
        if (decision.rejected !== undefined) return refused(decision.rejected, { ...input });
        const { productCode } = input;
        if (decision.dryRun === true) {
          const { resourceId } = decision.resource;
          return {
            event: { kind: "dry-run-passed", productCode, resourceId, ...keptRequest({ ...input }) },
            answer: { output: { meteringRecordId: DRY_RUN_RECORD_ID } },
          };
        }
        const { resource, usageRecord, meteringRecordId: id, accepted } = decision;
        const heard = heardCalling(resource, facts.nowMs);
        return {
          event: {
            kind: "usage-metered",
            productCode,
            resourceId: resource.resourceId,
            dryRun: input.dryRun,
            clientToken: input.clientToken,
            records: [{ usageRecord, status: "Success", keptAs: accepted.length === 0 ? id : undefined }],
          },
          records: accepted,
          resources: heard && [putResource(heard)],
          answer: { output: { meteringRecordId: id } },
        };
      },
    });
  };
}
