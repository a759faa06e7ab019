import { expect, test } from "vitest";
import { entitlementService, meteringService } from "../service.ts";
import { operationNames } from "./operation.ts";
import { operations } from "./operations.ts";

test("an operation's names come from its service, whose prefix may hold full stops", () => {
  const trail = {
    targetPrefix: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    namespace: "com.amazonaws.cloudtrail",
    signingName: "cloudtrail",
    actionPrefix: "cloudtrail",
    eventSource: "cloudtrail.amazonaws.com",
  };
  expect(operationNames(trail, "LookupEvents")).toEqual({
    name: "LookupEvents",
    target: "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents",
    rpcServices: [
      "CloudTrail_20131101",
      "com.amazonaws.cloudtrail.CloudTrail_20131101",
      "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101",
    ],
    namespace: "com.amazonaws.cloudtrail",
    signingName: "cloudtrail",
    action: "cloudtrail:LookupEvents",
    eventSource: "cloudtrail.amazonaws.com",
  });
});

test("metering and entitlements have targets of their own, and one signing name", () => {
  const names = { signingName: "aws-marketplace" };
  expect(operationNames(meteringService, "BatchMeterUsage")).toMatchObject({
    ...names,
    target: "AWSMPMeteringService.BatchMeterUsage",
    rpcServices: ["AWSMPMeteringService", "com.amazonaws.marketplacemetering.AWSMPMeteringService"],
    action: "aws-marketplace:BatchMeterUsage",
  });
  expect(operationNames(entitlementService, "GetEntitlements")).toMatchObject({
    ...names,
    target: "AWSMPEntitlementService.GetEntitlements",
    action: "aws-marketplace:GetEntitlements",
  });
});

test("those that read are told from those that meter, for the trail", () => {
  const reading = operations.filter(({ readOnly }) => readOnly).map(({ name }) => name);
  expect(reading.toSorted()).toEqual(["GetEntitlements", "LookupEvents"]);
});
