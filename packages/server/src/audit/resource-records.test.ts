/** Rules V8 and V9: the calls of metered resources as CloudTrail records, beyond the published samples. */
import { expect, test } from "vitest";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import { cloudTrailRecord, type CloudTrailRecord } from "./cloudtrail-record.ts";

const AT_MS = Date.parse("2018-04-19T20:08:11.500Z");
const REQUEST = "0162df1a-b3c4-7d5e-8f60-123456789aff";
const BUYER = "444455556666";

function recordOf(event: LedgerEvent, call: Partial<Call>): CloudTrailRecord {
  const made: Call = {
    requestId: REQUEST,
    operation: "MeterUsage",
    principal: `arn:aws:sts::${BUYER}:assumed-role/metering/i-exampleinstanceid`,
    accountId: BUYER,
    accessKeyId: "ASIAIOSFODNN7EXAMPLE",
    region: "us-east-1",
    sourceAddress: "192.0.2.1",
    userAgent: "Coral/Netty14",
    session: { resourceId: "ec2-example", platform: "ec2" },
  };
  return JSON.parse(JSON.stringify(cloudTrailRecord({ atMs: AT_MS, call: { ...made, ...call }, event })));
}

const usageRecord = { timestampMs: AT_MS, customerAccountId: BUYER, dimension: "Dimension1", quantity: 1 };
const metered = {
  kind: "usage-metered",
  productCode: "EXAMPLEproductcode",
  resourceId: "ec2-example",
  records: [{ usageRecord, status: "Success" }],
} as const satisfies LedgerEvent;
const asked = {
  productCode: "EXAMPLEproductcode",
  timestamp: "Apr 19, 2018 8:08:11 PM",
  usageDimension: "Dimension1",
  usageQuantity: 1,
};

test("a session that an earlier version issued does not say when it was created", () => {
  expect(recordOf(metered, {}).userIdentity.sessionContext).toMatchObject({
    webIdFederationData: {},
    attributes: { mfaAuthenticated: "false" },
    ec2RoleDelivery: "1.0",
  });
  expect(recordOf(metered, {}).userIdentity.sessionContext?.attributes).not.toHaveProperty("creationDate");
});

test("a replay of MeterUsage is answered with the id of the record that stands, and its token is told", () => {
  const again: LedgerEvent = {
    ...metered,
    clientToken: "t",
    records: [{ usageRecord, status: "Success", keptAs: "kept" }],
  };
  expect(recordOf(again, {})).toMatchObject({
    requestParameters: { ...asked, clientToken: "t" },
    responseElements: { meteringRecordId: "kept" },
  });
});

test("a dry run is a call that succeeded, with what was asked", () => {
  const { timestamp: _, ...same } = asked;
  const request = { ...same, timestampMs: AT_MS, dryRun: true };
  const record = recordOf({ kind: "dry-run-passed", productCode: "EXAMPLEproductcode", resourceId: "ec2-example", request }, {}); // prettier-ignore
  expect(record).toMatchObject({
    requestParameters: { ...asked, dryRun: true },
    responseElements: { meteringRecordId: "DryRunOperation" },
    additionalEventData: { resourceId: "ec2-example" },
  });
  expect(record).not.toHaveProperty("errorCode");
});

test("a dry run that an earlier version kept is what it was answered then: a refused call", () => {
  const { timestamp: _, ...same } = asked;
  const request = { ...same, timestampMs: AT_MS, dryRun: true };
  const event: LedgerEvent = { kind: "call-refused", code: "DryRunOperation", message: "Request would have succeeded, but DryRun flag is set.", rule: "M7", compared: {}, request }; // prettier-ignore
  expect(recordOf(event, {})).toMatchObject({
    errorCode: "DryRunOperation",
    errorMessage: "Request would have succeeded, but DryRun flag is set.",
    requestParameters: { ...asked, dryRun: true },
    responseElements: null,
  });
});

test("RegisterUsage of a pod is an event of the buyer's account, by its web identity, and holds the signature", () => {
  const federatedProvider = `arn:aws:iam::${BUYER}:oidc-provider/oidc.example`;
  const event: LedgerEvent = {
    kind: "usage-registered",
    productCode: "EXAMPLEproductcode",
    resourceId: "eks-example",
    request: { productCode: "EXAMPLEproductcode", publicKeyVersion: 1 },
    first: true,
    signature: "eyJhbGciOiJQUzI1NiEXAMPLE",
    publicKeyRotationTimestampMs: AT_MS,
  };
  const session = { resourceId: "eks-example", platform: "eks", federatedProvider } as const;
  const record = recordOf(event, { operation: "RegisterUsage", session });
  expect(record).toMatchObject({
    eventName: "RegisterUsage",
    userIdentity: { type: "AssumedRole", sessionContext: { webIdFederationData: { federatedProvider } } },
    requestParameters: { productCode: "EXAMPLEproductcode", publicKeyVersion: 1 },
    responseElements: {
      signature: "eyJhbGciOiJQUzI1NiEXAMPLE",
      publicKeyRotationTimestamp: "Apr 19, 2018 8:08:11 PM",
    },
    recipientAccountId: BUYER,
  });
  expect(record.userIdentity.sessionContext).not.toHaveProperty("ec2RoleDelivery");
});
