/** The AWS SDK for JavaScript v2. */
import process from "node:process";
import { run, withTimes } from "./scenarios.mjs";

// It says at every start that it is not maintained any more.
process.env.AWS_SDK_JS_SUPPRESS_MAINTENANCE_MODE_MESSAGE = "1";
const { default: AWS } = await import(["aws-sdk"].join());

const CLIENTS = {
  metering: AWS.MarketplaceMetering,
  entitlement: AWS.MarketplaceEntitlementService,
  cloudtrail: AWS.CloudTrail,
};
// It knows no AWS_ENDPOINT_URL_STS: its credential providers take the endpoint of STS from here.
AWS.config.sts = { endpoint: process.env.AWS_ENDPOINT_URL_STS };

await run(
  ({ endpoint, region, credentials }) =>
    ({ service, operation, input }) => {
      const client = new CLIENTS[service]({ endpoint, region, ...(credentials && { credentials }) });
      const method = operation[0].toLowerCase() + operation.slice(1);
      return client[method](withTimes(input, (text) => new Date(text))).promise();
    },
  ({ code, message }) => ({ error: { name: code, message } }),
);
