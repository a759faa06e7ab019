/** What a client makes of usage records, and of what became of each. */
import type { ConformanceCase } from "../case.ts";
import { ABROAD, BUYER, CUSTOMER, DIMENSION_ABROAD, EARLY, LICENCE, SAAS, USED_AT } from "../scene.ts";
import {
  ALLOCATIONS_ARE_SENT,
  LICENCE_IS_SENT,
  REGION_IS_SIGNED,
  USAGE_IS_SENT,
  batch,
  record,
  results,
} from "./parts.ts";

const operations = ["BatchMeterUsage"] as const;
const needs = [USAGE_IS_SENT];
const QUANTITY_MAX = 2_147_483_647;
const BATCH_MAX = 25;

const ALLOCATIONS = [
  {
    AllocatedUsageQuantity: 3,
    Tags: [
      { Key: "team", Value: "blue" },
      { Key: "cost centre", Value: "a/b:c=d+e@f" },
    ],
  },
  { AllocatedUsageQuantity: 4 },
];

/** Thirteen hours of two dimensions, less one. */
const FULL_BATCH = Array.from({ length: BATCH_MAX }, (_, i) =>
  record(i + 1, {
    Dimension: i % 2 === 0 ? "gb" : "calls",
    Timestamp: `2026-03-14T${String(11 + Math.floor(i / 2)).padStart(2, "0")}:00:00Z`,
  }),
);

export const usageCases: readonly ConformanceCase[] = [
  {
    id: USAGE_IS_SENT,
    name: "a time is sent as a number of seconds since the epoch, and usage of it is metered",
    rule: "K1",
    operations,
    steps: [
      batch([record(12)], {
        sent: { body: { UsageRecords: [{ Timestamp: { $seconds: USED_AT } }] } },
        answers: [{ output: { Results: [{ Status: "Success", MeteringRecordId: { $text: true } }] } }],
      }),
    ],
    metered: [{ customer: CUSTOMER, dimension: "gb", units: 12, productCode: SAAS }],
  },
  {
    id: "usage/fraction-of-a-second",
    name: "a fraction of a second never carries usage into the next second, and so into the next hour",
    rule: "K1",
    operations,
    needs,
    steps: [
      batch([record(1, { Timestamp: "2026-03-15T08:59:59.999Z" })], {
        sent: { body: { UsageRecords: [{ Timestamp: { $seconds: "2026-03-15T08:59:59Z" } }] } },
        answers: [results("Success")],
      }),
    ],
  },
  {
    id: "usage/time-zone",
    name: "a time of another zone is sent as the same moment",
    rule: "K1",
    operations,
    needs,
    steps: [
      batch([record(1, { Timestamp: "2026-03-15T14:45:00+05:45" })], {
        sent: { body: { UsageRecords: [{ Timestamp: { $seconds: USED_AT } }] } },
        answers: [results("Success")],
      }),
    ],
  },
  {
    id: "usage/request",
    name: "a request is what AWS JSON 1.1 and Signature Version 4 ask for",
    rule: "N1",
    operations,
    needs,
    steps: [
      batch([record(1)], {
        sent: {
          method: "POST",
          path: "/",
          mediaType: "application/x-amz-json-1.1",
          headers: { "x-amz-target": "AWSMPMeteringService.BatchMeterUsage" },
          scope: "us-east-1/aws-marketplace",
          signedHeaders: { host: true, "x-amz-date": true, "x-amz-target": true },
        },
      }),
    ],
  },
  {
    id: REGION_IS_SIGNED,
    name: "a request is signed for the region that the client was told",
    rule: "K7",
    operations,
    needs,
    steps: [
      batch([record(1)], {
        region: "eu-west-1",
        sent: { scope: "eu-west-1/aws-marketplace" },
        answers: [results("Success")],
      }),
    ],
    metered: [{ region: "eu-west-1", units: 1 }],
  },
  {
    id: "usage/largest-quantity",
    name: "the largest quantity, and none at all, arrive as they are",
    rule: "L3",
    operations,
    needs,
    steps: [
      batch([record(QUANTITY_MAX), record(0, { Dimension: "calls" })], { answers: [results("Success", "Success")] }),
    ],
    metered: [{ units: QUANTITY_MAX }, { units: 0 }],
  },
  {
    id: "usage/text",
    name: "text that is not ASCII arrives as it is",
    rule: "D4",
    operations,
    needs,
    steps: [
      batch([record(2, { CustomerIdentifier: ABROAD, Dimension: DIMENSION_ABROAD })], {
        answers: [
          {
            output: {
              Results: [
                { Status: "Success", UsageRecord: { CustomerIdentifier: ABROAD, Dimension: DIMENSION_ABROAD } },
              ],
            },
          },
        ],
      }),
    ],
    metered: [{ customer: ABROAD, dimension: DIMENSION_ABROAD, units: 2 }],
  },
  {
    id: "usage/empty-list",
    name: "an empty list is sent and answered as one",
    rule: "L2",
    operations,
    steps: [
      batch([], {
        sent: { body: { UsageRecords: [] } },
        answers: [{ output: { Results: [], UnprocessedRecords: [] } }],
      }),
    ],
    metered: [],
  },
  {
    id: "usage/full-batch",
    name: "25 records are sent in one request, and answered in their order",
    rule: "K4",
    operations,
    needs,
    steps: [
      batch(FULL_BATCH, {
        requests: { min: 1, max: 1 },
        answers: [
          {
            output: {
              Results: FULL_BATCH.map(({ Dimension, Quantity, Timestamp }) => ({
                Status: "Success",
                UsageRecord: { Dimension, Quantity, Timestamp: { $time: Timestamp } },
              })),
            },
          },
        ],
      }),
    ],
    metered: FULL_BATCH.map(({ Dimension, Quantity }) => ({ dimension: Dimension, units: Quantity })),
  },
  {
    id: ALLOCATIONS_ARE_SENT,
    name: "allocations arrive with their tags, and without where they have none",
    rule: "A1",
    operations,
    needs,
    steps: [batch([record(7, { UsageAllocations: ALLOCATIONS })], { answers: [results("Success")] })],
    metered: [
      {
        units: 7,
        allocations: ALLOCATIONS.map(({ AllocatedUsageQuantity, Tags }) => ({
          allocatedUsageQuantity: AllocatedUsageQuantity,
          tags: Tags?.map(({ Key, Value }) => ({ key: Key, value: Value })) ?? { $absent: true },
        })),
      },
    ],
  },
  {
    id: "usage/account",
    name: "a customer is named by account, without an identifier",
    rule: "I1",
    operations,
    needs,
    steps: [
      batch([record(1, { CustomerIdentifier: undefined, CustomerAWSAccountId: BUYER })], {
        sent: { body: { UsageRecords: [{ CustomerAWSAccountId: BUYER, CustomerIdentifier: { $absent: true } }] } },
        answers: [results("Success")],
      }),
    ],
    metered: [{ customer: BUYER }],
  },
  {
    id: LICENCE_IS_SENT,
    name: "usage under a licence is sent without a product code",
    rule: "I3",
    operations,
    needs,
    steps: [
      {
        operation: "BatchMeterUsage",
        input: {
          UsageRecords: [
            { Timestamp: USED_AT, CustomerAWSAccountId: BUYER, LicenseArn: LICENCE, Dimension: "gb", Quantity: 1 },
          ],
        },
        sent: { body: { ProductCode: { $absent: true } } },
        answers: [results("Success")],
      },
    ],
    metered: [{ customer: BUYER, licenseArn: LICENCE }],
  },
  {
    id: "usage/replay",
    name: "usage that is sent again is told as a success, with the id that it had",
    rule: "K2",
    operations,
    needs,
    steps: [
      batch([record(5)], { answers: [results("Success")] }),
      batch([record(5)], {
        answers: [
          {
            output: {
              Results: [{ Status: "Success", MeteringRecordId: { $as: [0, "Results", 0, "MeteringRecordId"] } }],
            },
          },
        ],
      }),
    ],
    metered: [{ units: 5 }],
  },
  {
    id: "usage/duplicate",
    name: "a record that was not taken, because another one of its hour stands, is told from one that was",
    rule: "K3",
    operations,
    needs,
    steps: [
      batch([record(5), record(6), record(1, { Dimension: "calls" })], {
        answers: [results("Success", "DuplicateRecord", "Success")],
      }),
    ],
    metered: [{ units: 5 }, { units: 1 }],
  },
  {
    id: "usage/not-subscribed",
    name: "a record of a customer who is not subscribed is told from one that was taken",
    rule: "G1",
    operations,
    needs,
    steps: [
      batch([record(5), record(6, { CustomerIdentifier: EARLY })], {
        answers: [results("Success", "CustomerNotSubscribed")],
      }),
    ],
    metered: [{ customer: CUSTOMER, units: 5 }],
  },
  {
    id: "usage/unprocessed",
    name: "records that were not processed are handed back, and can be sent again",
    rule: "F1",
    operations,
    needs,
    troubles: [{ kind: "unprocessed", operation: "BatchMeterUsage", count: 1, records: 1 }],
    steps: [
      batch([record(5), record(6, { Dimension: "calls" })], {
        answers: [
          {
            output: {
              Results: [{ Status: "Success" }],
              UnprocessedRecords: [{ Dimension: "calls", Quantity: 6, Timestamp: { $time: USED_AT } }],
            },
          },
        ],
      }),
      batch([record(6, { Dimension: "calls" })], { answers: [results("Success")] }),
    ],
    metered: [{ units: 5 }, { units: 6 }],
  },
];
