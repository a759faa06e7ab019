/** The AWS SDK for JavaScript v2. */
import process from "node:process";
import AWS from "aws-sdk";
import { run, withTimes } from "./scenarios.mjs";

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
