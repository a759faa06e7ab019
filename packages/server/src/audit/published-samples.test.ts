/**
 * Rules V8 and V9: the records of the four calls of this service in CloudTrail's documentation, member by member. The values
 * are this test's; members that a sample lacks stand beside the table.
 */
import { expect, test } from "vitest";
import type { Call, LedgerEvent } from "../ledger/entry.ts";
import { cloudTrailRecord } from "./cloudtrail-record.ts";

const SELLER = "111122223333";
const BUYER = "444455556666";
const REQUEST = "0162df1a-b3c4-7d5e-8f60-123456789aff";
const ID = REQUEST.slice(0, 34);
const PROVIDER = `arn:aws:iam::${BUYER}:oidc-provider/oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE`;
const AT_MS = Date.parse("2026-03-14T20:08:11.500Z");
const CREATED_AT_MS = Date.parse("2026-03-14T19:58:01.999Z");
const PRODUCT = "0abcdefghijklmnopqrstuvwx";

/** The members of every record. */
const common = (eventName: string, accountId: string): object => ({
  eventVersion: "1.05",
  eventTime: "2026-03-14T20:08:11Z",
  eventSource: "metering-marketplace.amazonaws.com",
  eventName,
  awsRegion: "us-east-1",
  sourceIPAddress: "192.0.2.1",
  userAgent: "a program",
  requestID: REQUEST,
  eventID: `${ID}fe`,
  eventType: "AwsApiCall",
  recipientAccountId: accountId,
});

const roleSession = (sessionName: string, context: object): object => ({
  type: "AssumedRole",
  principalId: expect.stringMatching(new RegExp(`^AROA[A-Z2-7]{17}:${sessionName}$`)) as string,
  arn: `arn:aws:sts::${BUYER}:assumed-role/app/${sessionName}`,
  accountId: BUYER,
  accessKeyId: "ASIASAMPLE0000000001",
  sessionContext: {
    sessionIssuer: {
      type: "Role",
      principalId: expect.stringMatching(/^AROA[A-Z2-7]{17}$/) as string,
      arn: `arn:aws:iam::${BUYER}:role/app`,
      accountId: BUYER,
      userName: "app",
    },
    attributes: { mfaAuthenticated: "false", creationDate: "2026-03-14T19:58:01Z" },
    ...context,
  },
});
const WEB_IDENTITY = { webIdFederationData: { federatedProvider: PROVIDER, attributes: {} } };
const INSTANCE = { webIdFederationData: {}, ec2RoleDelivery: "1.0" };

const by = (sessionName: string, session: Call["session"]): Partial<Call> => ({
  principal: `arn:aws:sts::${BUYER}:assumed-role/app/${sessionName}`,
  accountId: BUYER,
  accessKeyId: "ASIASAMPLE0000000001",
  session,
});
const pod = by("botocore-session-1", {
  resourceId: "eks-1",
  platform: "eks",
  federatedProvider: PROVIDER,
  createdAtMs: CREATED_AT_MS,
});
const instance = by("i-0abc1234def567890", { resourceId: "ec2-1", platform: "ec2", createdAtMs: CREATED_AT_MS });
const seller: Partial<Call> = {
  principal: `arn:aws:iam::${SELLER}:user/Anna`,
  accountId: SELLER,
  accessKeyId: "AKIASAMPLE0000000001",
};

const used = { timestampMs: Date.parse("2026-03-14T19:00:00Z"), dimension: "gb", quantity: 1 };
const shown = { dimension: "gb", timestamp: "Mar 14, 2026 7:00:00 PM", quantity: 1, customerIdentifier: "customer1" };
const metered = (resourceId: string, dryRun?: boolean): LedgerEvent => ({
  kind: "usage-metered",
  productCode: PRODUCT,
  resourceId,
  ...(dryRun === undefined ? {} : { dryRun }),
  records: [{ usageRecord: { ...used, customerAccountId: BUYER }, status: "Success" }],
});
const asked = {
  productCode: PRODUCT,
  timestamp: "Mar 14, 2026 7:00:00 PM",
  usageDimension: "gb",
  usageQuantity: 1,
};

const samples: readonly (readonly [string, Partial<Call>, LedgerEvent, object])[] = [
  [
    "BatchMeterUsage",
    seller,
    {
      kind: "usage-metered",
      productCode: PRODUCT,
      records: [{ usageRecord: { ...used, customerIdentifier: "customer1" }, status: "Success" }],
    },
    {
      ...common("BatchMeterUsage", SELLER),
      userIdentity: {
        type: "IAMUser",
        principalId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/) as string,
        arn: `arn:aws:iam::${SELLER}:user/Anna`,
        accountId: SELLER,
        accessKeyId: "AKIASAMPLE0000000001",
        userName: "Anna",
      },
      requestParameters: { usageRecords: [shown], productCode: PRODUCT },
      responseElements: {
        results: [{ usageRecord: shown, meteringRecordId: `${ID}00`, status: "Success" }],
        unprocessedRecords: [],
      },
      readOnly: false,
    },
  ],
  [
    "RegisterUsage of a pod",
    { ...pod, operation: "RegisterUsage" },
    {
      kind: "usage-registered",
      productCode: PRODUCT,
      resourceId: "eks-1",
      request: { productCode: PRODUCT, publicKeyVersion: 1 },
      first: true,
      signature: "eyJhbGciOiJQUzI1NiJ9.e30.c2lnbmVk",
    },
    {
      ...common("RegisterUsage", BUYER),
      userIdentity: roleSession("botocore-session-1", WEB_IDENTITY),
      requestParameters: { productCode: PRODUCT, publicKeyVersion: 1 },
      responseElements: { signature: "eyJhbGciOiJQUzI1NiJ9.e30.c2lnbmVk" },
    },
  ],
  [
    "MeterUsage of a pod",
    { ...pod, operation: "MeterUsage" },
    metered("eks-1"),
    {
      ...common("MeterUsage", BUYER),
      userIdentity: roleSession("botocore-session-1", WEB_IDENTITY),
      requestParameters: asked,
      responseElements: { meteringRecordId: `${ID}00` },
    },
  ],
  [
    "MeterUsage of an instance, which said that it is no dry run",
    { ...instance, operation: "MeterUsage" },
    metered("ec2-1", false),
    {
      ...common("MeterUsage", BUYER),
      userIdentity: roleSession("i-0abc1234def567890", INSTANCE),
      requestParameters: { ...asked, dryRun: false },
      responseElements: { meteringRecordId: `${ID}00` },
    },
  ],
];

test.each(samples)("%s", (_what, over, event, sample) => {
  const call: Call = {
    requestId: REQUEST,
    operation: "BatchMeterUsage",
    principal: "",
    region: "us-east-1",
    sourceAddress: "192.0.2.1",
    userAgent: "a program",
    ...over,
  };
  const { resources, additionalEventData: _, ...record } = cloudTrailRecord({ atMs: AT_MS, call, event });
  expect(record).toEqual(sample);
  expect(resources).toEqual([
    { type: "AWS::Marketplace::Product", ARN: `arn:aws:aws-marketplace:::product/${PRODUCT}` },
  ]);
});
