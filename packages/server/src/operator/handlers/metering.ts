/** Registration tokens and metering records. */
import { HOUR_MS, iso, timeOf } from "@countinghouse/protocol";
import { sealToken } from "../../identity/registration-tokens.ts";
import type { ListedRecord } from "../../ledger/ledger.ts";
import { issueRegistrationToken } from "../../operations/issue-registration-token.ts";
import { listMeteringRecords } from "../../operations/list-metering-records.ts";
import type { OperatorContext } from "../context.ts";
import type { Page } from "../contract/common.ts";
import type { MeteringRecord, meteringRoutes } from "../contract/ledger/metering.ts";
import { refuseEmptyRange } from "../event-query.ts";
import { ProblemError } from "../problem.ts";
import type { Handlers } from "../serve-routes.ts";

export function meteringHandlers({ ledger, sealer }: OperatorContext): Handlers<keyof typeof meteringRoutes> {
  return {
    "POST /registration-tokens": async ({ body: { agreementId }, call }) => {
      const token = await issueRegistrationToken(ledger, call("IssueRegistrationToken"), agreementId, (claims) =>
        sealToken(sealer, claims),
      );
      if (token === undefined) throw new ProblemError(404, `No agreement ${agreementId}.`);
      return { registrationToken: token.registrationToken, expiresAt: iso(token.expiresAtMs) };
    },
    "GET /metering-records": async ({ query }): Promise<Page<MeteringRecord>> => {
      refuseEmptyRange(query);
      const { items, nextCursor } = await listMeteringRecords(ledger, {
        productCode: query.productCode,
        customerAccountId: query.customerAccountId,
        dimension: query.dimension,
        fromMs: query.from === undefined ? undefined : timeOf(query.from),
        toMs: query.to === undefined ? undefined : timeOf(query.to),
        cursor: query.cursor,
        limit: query.limit,
      });
      return { items: items.map(meteringRecordView), nextCursor };
    },
  };
}

function meteringRecordView(kept: ListedRecord): MeteringRecord {
  const { usageRecord, key } = kept;
  return {
    meteringRecordId: kept.meteringRecordId,
    productCode: kept.productCode,
    licenseArn: usageRecord.licenseArn,
    customerIdentifier: usageRecord.customerIdentifier,
    customerAccountId: usageRecord.customerAccountId,
    dimension: usageRecord.dimension,
    quantity: usageRecord.quantity ?? 0,
    resourceId: kept.resourceId,
    accrued: kept.accrued === true ? true : undefined,
    hour: iso(key.hour * HOUR_MS),
    timestamp: iso(usageRecord.timestampMs),
    region: key.region,
    recordedAt: iso(kept.recordedAtMs),
    requestId: kept.requestId,
    usageAllocations: usageRecord.usageAllocations,
  };
}
