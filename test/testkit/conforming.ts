/** Clients that are held to the suite: each as a subject, with a new client for each call. */
import * as entitlements from "@aws-sdk/client-marketplace-entitlement-service";
import * as official from "@aws-sdk/client-marketplace-metering";
import * as own from "@countinghouse/client/aws-sdk";
import type { ConformanceAnswer, ConformanceCall, ConformanceSubject } from "countinghouse/testkit";

/** The official client, whose behaviour a test may change before it is used. */
export function officialClient(
  change: (client: official.MarketplaceMeteringClient) => void = () => undefined,
): ConformanceSubject {
  return async ({ operation, input, endpoint, region, credentials }) => {
    const settings = { endpoint, region, credentials };
    const given = withDates(input);
    if (operation === "GetEntitlements") {
      const client = new entitlements.MarketplaceEntitlementServiceClient(settings);
      const command = new entitlements.GetEntitlementsCommand(given as entitlements.GetEntitlementsCommandInput);
      return answerOf(client.send(command)).finally(() => client.destroy());
    }
    const client = new official.MarketplaceMeteringClient(settings);
    change(client);
    const calls = {
      BatchMeterUsage: () =>
        client.send(new official.BatchMeterUsageCommand(given as official.BatchMeterUsageCommandInput)),
      MeterUsage: () => client.send(new official.MeterUsageCommand(given as official.MeterUsageCommandInput)),
      RegisterUsage: () => client.send(new official.RegisterUsageCommand(given as official.RegisterUsageCommandInput)),
      ResolveCustomer: () =>
        client.send(new official.ResolveCustomerCommand(given as official.ResolveCustomerCommandInput)),
    };
    return answerOf(calls[operation]()).finally(() => client.destroy());
  };
}

/** The operations of `@countinghouse/client`. */
export const OWN_OPERATIONS = ["BatchMeterUsage", "MeterUsage", "RegisterUsage", "ResolveCustomer"] as const;

export const ownClient: ConformanceSubject = async ({ operation, input, endpoint, region, credentials }) => {
  const client = new own.MarketplaceMeteringClient({ endpoint, region, credentials });
  const given = withDates(input);
  if (operation === "GetEntitlements") throw new Error("this client has no GetEntitlements");
  const calls = {
    BatchMeterUsage: () => client.send(new own.BatchMeterUsageCommand(given as own.BatchMeterUsageCommandInput)),
    MeterUsage: () => client.send(new own.MeterUsageCommand(given as own.MeterUsageCommandInput)),
    RegisterUsage: () => client.send(new own.RegisterUsageCommand(given as own.RegisterUsageCommandInput)),
    ResolveCustomer: () => client.send(new own.ResolveCustomerCommand(given as own.ResolveCustomerCommandInput)),
  };
  return answerOf(calls[operation]()).finally(() => client.destroy());
};

async function answerOf(called: Promise<object>): Promise<ConformanceAnswer> {
  try {
    return { output: (await called) as Readonly<Record<string, unknown>> };
  } catch (error) {
    const { name, message, $metadata } = error as Error & { readonly $metadata?: { readonly requestId?: string } };
    return { error: { name, message, requestId: $metadata?.requestId } };
  }
}

function withDates(input: ConformanceCall["input"]): object {
  return JSON.parse(JSON.stringify(input), (name, value: unknown) =>
    name === "Timestamp" ? new Date(value as string) : value,
  ) as object;
}
