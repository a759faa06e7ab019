/** The AWS SDK for JavaScript v3: the clients that the workspace has, or, told `of-2023`, those of that year. */
import process from "node:process";
import { run, withTimes } from "./scenarios.mjs";

const PACKAGES = {
  metering: "client-marketplace-metering",
  entitlement: "client-marketplace-entitlement-service",
  cloudtrail: "client-cloudtrail",
};
const CLIENTS = {
  metering: "MarketplaceMeteringClient",
  entitlement: "MarketplaceEntitlementServiceClient",
  cloudtrail: "CloudTrailClient",
};
const packageOf = (service) =>
  process.argv[2] === "of-2023" ? `${PACKAGES[service]}-of-2023` : `@aws-sdk/${PACKAGES[service]}`;

async function settingsOf({ endpoint, region, credentials, protocol }) {
  const settings = { endpoint, region, credentials };
  if (protocol !== "rpc-v2-cbor") return settings;
  const { AwsSmithyRpcV2CborProtocol } = await import("@aws-sdk/core/protocols");
  return { ...settings, protocol: AwsSmithyRpcV2CborProtocol };
}

await run(
  (scenario) => {
    const clients = new Map();
    const clientOf = async (service, sdk) => {
      const client = clients.get(service) ?? new sdk[CLIENTS[service]](await settingsOf(scenario));
      clients.set(service, client);
      return client;
    };
    return async ({ service, operation, input }) => {
      const sdk = await import(packageOf(service));
      const client = await clientOf(service, sdk);
      return client.send(new sdk[`${operation}Command`](withTimes(input, (text) => new Date(text))));
    };
  },
  ({ name, message }) => ({ error: { name, message } }),
);
