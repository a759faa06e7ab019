/** What advice is given about, from a trail: its calls as AWS answered them. */
import { HOUR_MS, type UsageRecord } from "@countinghouse/protocol";
import type { BatchCall, History, Resolution, SentRecord } from "../domain/advice/history.ts";
import { keyOf, keyText } from "../domain/metering/metering-record.ts";
import type { MarketOfTrail } from "./market-of-trail.ts";
import type { TrailCall } from "./trail-call.ts";

/** `calls` are in the order of their times. No trail tells of cancellations. */
export function historyOfTrail(calls: readonly TrailCall[], market: MarketOfTrail): History {
  const kept = new Map<string, Kept>();
  return {
    nowMs: calls.at(-1)?.atMs ?? 0,
    calls: calls.flatMap((call) => batchCall(call, market, kept)),
    resolutions: calls.flatMap(resolutionOf),
    cancellations: [],
  };
}

interface Kept {
  readonly meteringRecordId: string | undefined;
  readonly timestampMs: number;
  readonly quantity: number;
}

function batchCall(call: TrailCall, market: MarketOfTrail, kept: Map<string, Kept>): BatchCall[] {
  if (call.operation !== "BatchMeterUsage" || call.input === undefined) return [];
  const { requestId, atMs, accountId, region, answer, input } = call;
  const productCode = market.productOf(call);
  const records = input.usageRecords.map((record, i): SentRecord => {
    const sent = sentRecord(record, { productCode, region, market });
    const result = answer.results[i];
    const before = kept.get(sent.key);
    if (answer.error !== undefined) return { ...sent, outcome: "refused" };
    if (result === undefined) return { ...sent, outcome: "unprocessed" };
    if (result.status === "CustomerNotSubscribed") return { ...sent, outcome: "not-subscribed" };
    if (result.status === "DuplicateRecord") return { ...sent, outcome: "duplicate", kept: before };
    const isReplay = before?.meteringRecordId !== undefined && before.meteringRecordId === result.meteringRecordId;
    if (isReplay) return { ...sent, outcome: "replay", kept: before };
    const { timestampMs, quantity } = sent;
    kept.set(sent.key, { meteringRecordId: result.meteringRecordId, timestampMs, quantity });
    return { ...sent, outcome: "accepted", kept: { timestampMs, quantity } };
  });
  return [{ requestId, atMs, accountId, productCode, region, records }];
}

interface About {
  readonly productCode: string;
  readonly region: string;
  readonly market: MarketOfTrail;
}

function sentRecord(record: UsageRecord, { productCode, region, market }: About): Omit<SentRecord, "outcome"> {
  const { customerIdentifier, customerAccountId, licenseArn, timestampMs, quantity = 0, dimension } = record;
  const named = customerIdentifier === undefined ? "CustomerAWSAccountId" : "CustomerIdentifier";
  const account = customerIdentifier === undefined ? customerAccountId : market.accountOf(customerIdentifier);
  return {
    key: keyText(keyOf(record, productCode, region)),
    hour: Math.floor(timestampMs / HOUR_MS),
    timestampMs,
    quantity,
    dimension,
    customer: account ?? customerIdentifier ?? "",
    namedBy: `${named} with ${licenseArn === undefined ? "ProductCode" : "LicenseArn"}`,
  };
}

function resolutionOf(call: TrailCall): Resolution[] {
  if (call.operation !== "ResolveCustomer") return [];
  const { requestId, atMs, accountId, customer, isOfAnotherAccount } = call;
  if (isOfAnotherAccount) return [{ requestId, atMs, accountId, productCode: undefined }];
  return customer?.productCode === undefined ? [] : [{ requestId, atMs, accountId, productCode: customer.productCode }];
}
