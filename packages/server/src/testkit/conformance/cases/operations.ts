/** The other operations, as they succeed. */
import type { ConformanceCase } from "../case.ts";
import { BUYER, CONTAINER, CONTRACT, CUSTOMER, ENTITLED, ENTITLED_UNTIL, HOURLY, SAAS, USED_AT } from "../scene.ts";
import { SESSION_IS_SENT, TASK_METERS } from "./parts.ts";

const used = { ProductCode: CONTAINER, Timestamp: USED_AT, UsageDimension: "gb", UsageQuantity: 3 };
const meter = { operation: "MeterUsage", caller: "task", input: used } as const;
const token = { "x-amz-security-token": { $text: true } };

export const operationCases: readonly ConformanceCase[] = [
  {
    id: SESSION_IS_SENT,
    name: "a temporary key: its session token is sent, and signed",
    rule: "C1",
    operations: ["MeterUsage"],
    steps: [{ ...meter, sent: { headers: token, signedHeaders: { "x-amz-security-token": true } } }],
  },
  {
    id: TASK_METERS,
    name: "MeterUsage: a time is sent as a number of seconds since the epoch, and usage of it is metered",
    rule: "M5",
    operations: ["MeterUsage"],
    needs: [SESSION_IS_SENT],
    steps: [
      {
        ...meter,
        sent: { scope: "us-east-1/aws-marketplace", body: { Timestamp: { $seconds: USED_AT } } },
        answers: [{ output: { MeteringRecordId: { $text: true } } }],
      },
    ],
    metered: [{ productCode: CONTAINER, dimension: "gb", units: 3 }],
  },
  {
    id: "meter/replay",
    name: "MeterUsage: the same usage again is told with the id that it had",
    rule: "M5",
    operations: ["MeterUsage"],
    needs: [TASK_METERS],
    steps: [
      { ...meter, answers: [{ output: { MeteringRecordId: { $text: true } } }] },
      { ...meter, answers: [{ output: { MeteringRecordId: { $as: [0, "MeteringRecordId"] } } }] },
    ],
    metered: [{ units: 3 }],
  },
  {
    id: "meter/dry-run",
    name: "MeterUsage as a dry run meters nothing, and its answer is handed on",
    rule: "M7",
    operations: ["MeterUsage"],
    needs: [TASK_METERS],
    steps: [
      {
        ...meter,
        input: { ...used, DryRun: true },
        sent: { body: { DryRun: true } },
        answers: [{ output: { MeteringRecordId: "DryRunOperation" } }],
      },
    ],
    metered: [],
  },
  {
    id: "register/signature",
    name: "RegisterUsage: the signature is handed on, for the container to verify",
    rule: "Y6",
    operations: ["RegisterUsage"],
    needs: [SESSION_IS_SENT],
    steps: [
      {
        operation: "RegisterUsage",
        caller: "task",
        input: { ProductCode: HOURLY, PublicKeyVersion: 1, Nonce: "conformance" },
        sent: { headers: token, body: { PublicKeyVersion: 1, Nonce: "conformance" } },
        answers: [{ output: { Signature: { $text: true } } }],
      },
    ],
  },
  {
    id: "resolve/customer",
    name: "ResolveCustomer: the token is sent as it is, and everything about the customer is handed on",
    rule: "T1",
    operations: ["ResolveCustomer"],
    steps: [
      {
        operation: "ResolveCustomer",
        input: { RegistrationToken: "{{registrationToken}}" },
        answers: [{ output: { CustomerIdentifier: CUSTOMER, CustomerAWSAccountId: BUYER, ProductCode: SAAS } }],
      },
    ],
  },
  {
    id: "entitlements/values",
    name: "GetEntitlements: values of every kind, and a time",
    rule: "E4",
    operations: ["GetEntitlements"],
    steps: [
      {
        operation: "GetEntitlements",
        input: { ProductCode: CONTRACT, Filter: { CUSTOMER_IDENTIFIER: [CUSTOMER] } },
        sent: { scope: "us-east-1/aws-marketplace", body: { Filter: { CUSTOMER_IDENTIFIER: [CUSTOMER] } } },
        answers: [
          {
            output: {
              Entitlements: ENTITLED.map((one) => ({ ...one, ExpirationDate: { $time: ENTITLED_UNTIL } })),
              NextToken: { $absent: true },
            },
          },
        ],
      },
    ],
  },
  {
    id: "entitlements/pages",
    name: "GetEntitlements: one page after the other, and nothing on the way is lost",
    rule: "E5",
    operations: ["GetEntitlements"],
    steps: [
      {
        operation: "GetEntitlements",
        input: { ProductCode: CONTRACT, MaxResults: 3 },
        answers: [{ output: { Entitlements: ENTITLED.slice(0, 3), NextToken: { $text: true } } }],
      },
      {
        operation: "GetEntitlements",
        input: { ProductCode: CONTRACT, MaxResults: 3, NextToken: "{{0.NextToken}}" },
        answers: [{ output: { Entitlements: ENTITLED.slice(3), NextToken: { $absent: true } } }],
      },
    ],
  },
];
