/** aws4fetch: it signs, sends and repeats; what is sent is written here. */
import { AwsClient } from "aws4fetch";
import { run, withTimes } from "./scenarios.mjs";

const SERVICES = {
  metering: { service: "aws-marketplace", target: "AWSMPMeteringService" },
  entitlement: { service: "aws-marketplace", target: "AWSMPEntitlementService" },
  cloudtrail: { service: "cloudtrail", target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101" },
};

class RefusedError extends Error {}

await run(
  ({ endpoint, region, credentials }) =>
    async (call) => {
      const { service, target } = SERVICES[call.service];
      const client = new AwsClient({ ...credentials, service, region });
      const answer = await client.fetch(endpoint, {
        method: "POST",
        headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${target}.${call.operation}` },
        body: JSON.stringify(withTimes(call.input, (text) => Date.parse(text) / 1_000)),
      });
      const body = await answer.json();
      if (answer.ok) return body;
      const { __type: name, message } = body;
      throw Object.assign(new RefusedError(message), { name });
    },
  ({ name, message }) => ({ error: { name, message } }),
);
