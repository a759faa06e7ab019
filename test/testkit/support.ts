/** Markets and clients that end with the test that asked for them. */
import { BatchMeterUsageCommand, MarketplaceMeteringClient } from "@aws-sdk/client-marketplace-metering";
import { startMarket, type Market, type MarketOptions, type MarketProduct } from "countinghouse/testkit";
import { onTestFinished } from "vitest";

export const NOW = "2026-03-15T10:30:00Z";
export const USED_AT = "2026-03-15T09:00:00Z";

/** Whoever makes refusals to look at them asks for the check of calls by itself. */
export async function marketOf(options: MarketOptions = {}): Promise<Market> {
  const market = await startMarket({ now: NOW, unexpectedCalls: "ignore", ...options });
  onTestFinished(() => market[Symbol.asyncDispose]());
  return market;
}

/** The official client, which tries nothing again. */
export function clientOf(
  market: Market,
  { product, region = "us-east-1" }: { readonly product?: MarketProduct; readonly region?: string } = {},
): MarketplaceMeteringClient {
  const client = new MarketplaceMeteringClient({ ...market.sdkConfig(product), region, maxAttempts: 1 });
  onTestFinished(() => client.destroy());
  return client;
}

/** A usage record as tests write it. */
interface Sent {
  readonly customer: { readonly customerIdentifier: string | undefined };
  readonly dimension?: string;
  readonly quantity: number;
  /** ISO 8601. */
  readonly at?: string;
}

export function usage({ productCode }: MarketProduct, ...sent: readonly Sent[]): BatchMeterUsageCommand {
  return new BatchMeterUsageCommand({
    ProductCode: productCode,
    UsageRecords: sent.map(({ customer, dimension = "gb", quantity, at = USED_AT }) => ({
      Timestamp: new Date(at),
      CustomerIdentifier: customer.customerIdentifier,
      Dimension: dimension,
      Quantity: quantity,
    })),
  });
}
