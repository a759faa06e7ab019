/** Rules V8 and V9: an entry as a CloudTrail record, compared with the published sample, member by member. */
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyEntry } from "../../testing/entries.ts";
import type { Call, LedgerEntry, LedgerEvent } from "../ledger/entry.ts";
import { cloudTrailRecord, type CloudTrailRecord } from "./cloudtrail-record.ts";

const AT_MS = Date.parse("2018-04-19T16:32:51.700Z");
const USED_MS = Date.parse("2018-04-19T16:32:50.250Z");
const REQUEST = "0162df1a-b3c4-7d5e-8f60-123456789aff";
const ID = REQUEST.slice(0, 34);
const CALL: Call = {
  requestId: REQUEST,
  operation: "BatchMeterUsage",
  principal: "arn:aws:iam::123456789012:user/Alice",
  accountId: "123456789012",
  accessKeyId: "AKIAIOSFODNN7EXAMPLE",
  region: "us-east-1",
  sourceAddress: "192.0.2.1",
  userAgent: "Coral/Netty14",
};

/** The record as its reader parses it. */
function recordOf(event: LedgerEvent, call: Partial<Call> = {}): CloudTrailRecord {
  return JSON.parse(JSON.stringify(cloudTrailRecord({ atMs: AT_MS, call: { ...CALL, ...call }, event })));
}

const usageRecord = { timestampMs: USED_MS, customerIdentifier: "customer1", dimension: "Dimension1", quantity: 1 };
const metered: LedgerEvent = {
  kind: "usage-metered",
  productCode: "EXAMPLEproductcode",
  records: [{ usageRecord, status: "Success" }],
};

/** The sample of the API reference, with this server's ids and `principalId`. */
const SAMPLE = {
  eventVersion: "1.05",
  userIdentity: {
    type: "IAMUser",
    principalId: expect.stringMatching(/^AIDA[A-Z2-7]{17}$/) as string,
    arn: "arn:aws:iam::123456789012:user/Alice",
    accountId: "123456789012",
    accessKeyId: "AKIAIOSFODNN7EXAMPLE",
    userName: "Alice",
  },
  eventTime: "2018-04-19T16:32:51Z",
  eventSource: "metering-marketplace.amazonaws.com",
  eventName: "BatchMeterUsage",
  awsRegion: "us-east-1",
  sourceIPAddress: "192.0.2.1",
  userAgent: "Coral/Netty14",
  requestParameters: {
    usageRecords: [
      {
        dimension: "Dimension1",
        timestamp: "Apr 19, 2018 4:32:50 PM",
        customerIdentifier: "customer1",
        quantity: 1,
      },
    ],
    productCode: "EXAMPLEproductcode",
  },
  responseElements: {
    results: [
      {
        usageRecord: {
          dimension: "Dimension1",
          timestamp: "Apr 19, 2018 4:32:50 PM",
          customerIdentifier: "customer1",
          quantity: 1,
        },
        meteringRecordId: `${ID}00`,
        status: "Success",
      },
    ],
    unprocessedRecords: [],
  },
  requestID: REQUEST,
  eventID: `${ID}fe`,
  readOnly: false,
  eventType: "AwsApiCall",
  recipientAccountId: "123456789012",
};

test("a BatchMeterUsage call is the published sample, and the product that it was about", () => {
  expect(recordOf(metered)).toEqual({
    ...SAMPLE,
    resources: [{ type: "AWS::Marketplace::Product", ARN: "arn:aws:aws-marketplace:::product/EXAMPLEproductcode" }],
  });
});

test("whatever the hour, times are written as CloudTrail writes them", () => {
  const times = ["00:00:00", "00:59:09", "11:59:59", "12:00:00", "13:05:07", "23:59:59"].map((time) => {
    const records = [{ ...usageRecord, timestampMs: Date.parse(`2026-01-02T${time}Z`) }];
    const event: LedgerEvent = { kind: "usage-metered", records: [], unprocessed: records };
    const { usageRecords } = recordOf(event).requestParameters as { usageRecords: { timestamp: string }[] };
    return usageRecords[0]?.timestamp;
  });
  expect(times).toEqual([
    "Jan 2, 2026 12:00:00 AM",
    "Jan 2, 2026 12:59:09 AM",
    "Jan 2, 2026 11:59:59 AM",
    "Jan 2, 2026 12:00:00 PM",
    "Jan 2, 2026 1:05:07 PM",
    "Jan 2, 2026 11:59:59 PM",
  ]);
});

test("replays, duplicates and customers who are not subscribed are answered as they were, with the rule behind it", () => {
  const records: Extract<LedgerEvent, { kind: "usage-metered" }>["records"] = [
    { usageRecord, status: "Success", keptAs: "id-of-a-replay" },
    { usageRecord, status: "DuplicateRecord", keptAs: "id-that-stands" },
    { usageRecord, status: "CustomerNotSubscribed", rule: "G3" },
    { usageRecord, status: "Success" },
  ];
  const record = recordOf({ kind: "usage-metered", productCode: "p", records });
  const { results } = record.responseElements as { results: { meteringRecordId?: string; status: string }[] };
  expect(results.map(({ status, meteringRecordId }) => [status, meteringRecordId])).toEqual([
    ["Success", "id-of-a-replay"],
    ["DuplicateRecord", "id-that-stands"],
    ["CustomerNotSubscribed", undefined],
    ["Success", `${ID}03`],
  ]);
  expect(record.additionalEventData).toEqual({ notSubscribed: [{ record: 3, rule: "G3" }] });
});

test("what a fault gave back stands in the request, and in the answer as unprocessed", () => {
  const back = { ...usageRecord, dimension: "Dimension2" };
  const record = recordOf(
    { ...metered, unprocessed: [back] },
    { faults: [{ faultId: "f", kind: "unprocessed", records: 1 }] },
  );
  const form = { ...SAMPLE.requestParameters.usageRecords[0], dimension: "Dimension2" };
  expect(record.requestParameters).toMatchObject({ usageRecords: [{ dimension: "Dimension1" }, form] });
  expect(record.responseElements).toMatchObject({ results: [{ status: "Success" }], unprocessedRecords: [form] });
  expect(record.additionalEventData).toEqual({ faults: [{ faultId: "f", kind: "unprocessed", records: 1 }] });
});

test("a request by licence named no product code, and the event says which product it was for", () => {
  const licensed = {
    timestampMs: USED_MS,
    dimension: "d",
    customerAccountId: "444455556666",
    licenseArn: "arn:aws:license-manager::294406891311:license:l-1",
  };
  const records = [{ usageRecord: licensed, status: "Success" as const }];
  const record = recordOf({ kind: "usage-metered", productCode: "p", records });
  const { usageRecords, ...rest } = record.requestParameters as { usageRecords: object[] };
  expect(usageRecords).toEqual([
    {
      timestamp: "Apr 19, 2018 4:32:50 PM",
      dimension: "d",
      customerAWSAccountId: "444455556666",
      licenseArn: licensed.licenseArn,
    },
  ]);
  expect(rest).toEqual({});
  expect(record.additionalEventData).toEqual({ productCode: "p" });
  expect(record.resources).toHaveLength(1);
});

describe("other calls", () => {
  test("a refused one has its error, its rule and what was asked, and no answer", () => {
    const record = recordOf({
      kind: "call-refused",
      code: "TimestampOutOfBoundsException",
      message: "too old",
      rule: "W1",
      compared: { ageSeconds: 21_601 },
      request: { usageRecords: [usageRecord], productCode: "EXAMPLEproductcode" },
    });
    expect(record).toMatchObject({
      errorCode: "TimestampOutOfBoundsException",
      errorMessage: "too old",
      requestParameters: SAMPLE.requestParameters,
      responseElements: null,
      additionalEventData: { rule: "W1", compared: { ageSeconds: 21_601 } },
      resources: [{ type: "AWS::Marketplace::Product" }],
    });
  });

  test("one that could not be read asked for nothing that could be told", () => {
    const record = recordOf({
      kind: "call-refused",
      code: "ValidationException",
      message: "",
      rule: "L5",
      compared: {},
    });
    expect(record).toMatchObject({ requestParameters: null, additionalEventData: { rule: "L5" } });
    expect(record).not.toHaveProperty("resources");
  });

  test("ResolveCustomer answers the customer, and hides the token", () => {
    const customer = { productCode: "p", customerAccountId: "444455556666", customerIdentifier: "c" };
    const record = recordOf(
      { kind: "customer-resolved", agreementId: "agmt-1", customer },
      { operation: "ResolveCustomer" },
    );
    expect(record).toMatchObject({
      requestParameters: { registrationToken: "HIDDEN_DUE_TO_SECURITY_REASONS" },
      responseElements: { customerIdentifier: "c", productCode: "p", customerAWSAccountId: "444455556666" },
      additionalEventData: { agreementId: "agmt-1" },
      readOnly: false,
    });
  });

  test("those that only read have no answer; each has the source of its service", () => {
    const entitlements = recordOf(
      { kind: "entitlements-shown", productCode: "p", request: { productCode: "p" }, count: 0, rule: "E1" },
      { operation: "GetEntitlements" },
    );
    expect(entitlements).toMatchObject({
      eventSource: "entitlement-marketplace.amazonaws.com",
      requestParameters: { productCode: "p" },
      responseElements: null,
      additionalEventData: { count: 0, rule: "E1" },
      readOnly: true,
    });
    const request = { startTimeMs: USED_MS, maxResults: 5 };
    const lookup = recordOf({ kind: "events-shown", request, count: 3 }, { operation: "LookupEvents" });
    expect(lookup).toMatchObject({
      eventSource: "cloudtrail.amazonaws.com",
      requestParameters: { startTime: "Apr 19, 2018 4:32:50 PM", maxResults: 5 },
      responseElements: null,
      readOnly: true,
    });
  });
});

const identityOf = (principal: string, call: Partial<Call> = {}): CloudTrailRecord["userIdentity"] =>
  recordOf(metered, { principal, ...call }).userIdentity;

test("a user has the same id always, and no other user has it", () => {
  const arns = ["123456789012:user/Alice", "123456789012:user/Bob", "999999999999:user/Alice"];
  const ids = [...arns, ...arns].map((arn) => identityOf(`arn:aws:iam::${arn}`).principalId);
  expect(new Set(ids).size).toBe(3);
});

describe("who called", () => {
  test("a role is a session of it", () => {
    const arn = "arn:aws:sts::123456789012:assumed-role/app-role/i-0123";
    const identity = identityOf(arn);
    expect(identity).toEqual({
      type: "AssumedRole",
      principalId: expect.stringMatching(/^AROA[A-Z2-7]{17}:i-0123$/) as string,
      arn,
      accountId: "123456789012",
      accessKeyId: "AKIAIOSFODNN7EXAMPLE",
      sessionContext: {
        sessionIssuer: {
          type: "Role",
          principalId: identity.principalId.split(":")[0],
          arn: "arn:aws:iam::123456789012:role/app-role",
          accountId: "123456789012",
          userName: "app-role",
        },
        webIdFederationData: {},
        attributes: { mfaAuthenticated: "false" },
      },
    });
  });

  test("the operator and the buy page are no users, and their events no calls of the wire", () => {
    const change: LedgerEvent = {
      kind: "catalogue-changed",
      changes: [{ kind: "agreement", id: "a", action: "put", value: { startsAtMs: 0, delayMs: 5 } }],
    };
    const by: Partial<Call> = { accountId: undefined, accessKeyId: undefined, region: undefined };
    const operator = recordOf(change, { ...by, principal: "operator", operation: "CreateAgreement" });
    expect(operator).toEqual({
      eventVersion: "1.05",
      userIdentity: { type: "Operator", principalId: "operator" },
      eventTime: "2018-04-19T16:32:51Z",
      eventSource: "operator.countinghouse",
      eventName: "CreateAgreement",
      sourceIPAddress: "192.0.2.1",
      userAgent: "Coral/Netty14",
      requestParameters: null,
      responseElements: null,
      serviceEventDetails: {
        event: "catalogue-changed",
        changes: [
          { kind: "agreement", id: "a", action: "put", value: { startsAt: "1970-01-01T00:00:00.000Z", delayMs: 5 } },
        ],
      },
      requestID: REQUEST,
      eventID: `${ID}fe`,
      readOnly: false,
      eventType: "AwsServiceEvent",
    });
    const token: LedgerEvent = { kind: "registration-token-issued", agreementId: "a", expiresAtMs: 0 };
    const page = recordOf(token, { ...by, accountId: "444455556666", principal: "buy-page" });
    expect(page).toMatchObject({
      userIdentity: { type: "BuyPage", principalId: "buy-page", accountId: "444455556666" },
      eventSource: "buy-page.countinghouse",
      eventType: "AwsServiceEvent",
      serviceEventDetails: { event: "registration-token-issued", expiresAt: "1970-01-01T00:00:00.000Z" },
    });
    expect(page).not.toHaveProperty("recipientAccountId");
  });
});

describe("any entry", () => {
  /** Any entry, also with the name of an operation whose request is written by its shape. */
  const rendered: fc.Arbitrary<LedgerEntry> = fc
    .tuple(anyEntry, fc.constantFrom("BatchMeterUsage", "GetEntitlements", "LookupEvents", undefined))
    .map(([entry, operation]) => ({ ...entry, call: { ...entry.call, operation: operation ?? entry.call.operation } }));

  test("can be written, and read as JSON", () => {
    fc.assert(
      fc.property(rendered, (entry) => {
        const record = cloudTrailRecord(entry);
        expect(JSON.parse(JSON.stringify(record))).toMatchObject({ requestID: entry.call.requestId });
        expect(record.responseElements === null || record.errorCode === undefined).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test("can be written though its request fits no shape of today", () => {
    const odd = fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.array(fc.string()), fc.object());
    const request = fc.record({ usageRecords: fc.oneof(odd, fc.array(odd)), startTimeMs: odd, filter: odd });
    fc.assert(
      fc.property(rendered, request, ({ call }, asked) => {
        const refused = { kind: "call-refused", code: "invalid", message: "", compared: {}, request: asked } as const;
        expect(() => JSON.stringify(cloudTrailRecord({ atMs: 0, call, event: refused }))).not.toThrow();
      }),
    );
  });
});
