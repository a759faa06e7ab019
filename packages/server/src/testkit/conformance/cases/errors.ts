/** Refusals: each exception of the models reaches the caller by its name. */
import type { ConformanceCase, ConformanceStep } from "../case.ts";
import { BUYER, CONTAINER, CONTRACT, CUSTOMER, HOURLY, UNSOLD, USED_AT } from "../scene.ts";
import type { ConformanceOperation } from "../subject.ts";
import {
  ALLOCATIONS_ARE_SENT,
  LICENCE_IS_SENT,
  REGION_IS_SIGNED,
  SESSION_IS_SENT,
  TASK_METERS,
  USAGE_IS_SENT,
  batch,
  record,
  refused,
} from "./parts.ts";

const NO_PRODUCT = "conformance-no-such-product";
const NO_LICENCE = `arn:aws:license-manager::294406891311:license:l-${"d".repeat(32)}`;
const used = { ProductCode: CONTAINER, Timestamp: USED_AT, UsageDimension: "gb", UsageQuantity: 3 };
const twice = [
  { Key: "team", Value: "blue" },
  { Key: "team", Value: "red" },
];

const meter = (more: object, step: Partial<ConformanceStep> = {}): ConformanceStep => ({
  operation: "MeterUsage",
  caller: "task",
  input: { ...used, ...more },
  ...step,
});
const register = (more: object, step: Partial<ConformanceStep> = {}): ConformanceStep => ({
  operation: "RegisterUsage",
  caller: "task",
  input: { ProductCode: HOURLY, PublicKeyVersion: 1, ...more },
  ...step,
});
const resolve = (RegistrationToken: string, step: Partial<ConformanceStep> = {}): ConformanceStep => ({
  operation: "ResolveCustomer",
  input: { RegistrationToken },
  ...step,
});

/** The exception, the rule that makes it, and the calls of which the last one gets it. */
type Refusal = readonly [exception: string, rule: string, ...steps: readonly ConformanceStep[]];

const REFUSALS: readonly Refusal[] = [
  [
    "InvalidProductCodeException",
    "P1",
    { operation: "BatchMeterUsage", input: { ProductCode: NO_PRODUCT, UsageRecords: [record(1)] } },
  ],
  ["InvalidUsageDimensionException", "U1", batch([record(1, { Dimension: "no-such-dimension" })])],
  ["InvalidCustomerIdentifierException", "I4", batch([record(1, { CustomerIdentifier: "conformance-nobody" })])],
  ["TimestampOutOfBoundsException", "W4", batch([record(1, { Timestamp: "2026-03-13T09:00:00Z" })])],
  ["InvalidUsageAllocationsException", "A1", batch([record(2, { UsageAllocations: [{ AllocatedUsageQuantity: 1 }] })])],
  ["InvalidTagException", "A5", batch([record(1, { UsageAllocations: [{ AllocatedUsageQuantity: 1, Tags: twice }] })])],
  [
    "InvalidLicenseException",
    "I5",
    {
      operation: "BatchMeterUsage",
      input: {
        UsageRecords: [
          {
            Timestamp: USED_AT,
            CustomerAWSAccountId: BUYER,
            LicenseArn: NO_LICENCE,
            Dimension: "gb",
            Quantity: 1,
          },
        ],
      },
    },
  ],
  ["DisabledApiException", "R1", batch([record(1)], { region: "us-gov-west-1" })],
  ["InvalidProductCodeException", "M2", meter({ ProductCode: NO_PRODUCT })],
  ["InvalidUsageDimensionException", "U1", meter({ UsageDimension: "no-such-dimension" })],
  ["TimestampOutOfBoundsException", "W1", meter({ Timestamp: "2026-03-14T09:00:00Z" })],
  ["InvalidUsageAllocationsException", "A1", meter({ UsageAllocations: [{ AllocatedUsageQuantity: 1 }] })],
  ["InvalidTagException", "A5", meter({ UsageAllocations: [{ AllocatedUsageQuantity: 3, Tags: twice }] })],
  ["InvalidEndpointRegionException", "M1", meter({}, { region: "eu-west-1" })],
  ["CustomerNotEntitledException", "M6", meter({ ProductCode: UNSOLD })],
  ["DuplicateRequestException", "M5", meter({}), meter({ UsageQuantity: 4 })],
  [
    "IdempotencyConflictException",
    "M4",
    meter({ ClientToken: "conformance" }),
    meter({ ClientToken: "conformance", UsageDimension: "calls" }),
  ],
  ["InvalidProductCodeException", "Y2", register({ ProductCode: NO_PRODUCT })],
  ["InvalidRegionException", "Y1", register({}, { region: "eu-west-1" })],
  ["InvalidPublicKeyVersionException", "Y3", register({ PublicKeyVersion: 99 })],
  ["PlatformNotSupportedException", "X2", register({}, { caller: "seller" })],
  ["InvalidTokenException", "T2", resolve("made-up")],
  [
    "ExpiredTokenException",
    "T1",
    resolve("{{registrationToken}}"),
    resolve("{{registrationToken}}", { afterHours: 5 }),
  ],
  [
    "InvalidParameterException",
    "E3",
    {
      operation: "GetEntitlements",
      input: {
        ProductCode: CONTRACT,
        Filter: { CUSTOMER_IDENTIFIER: [CUSTOMER], CUSTOMER_AWS_ACCOUNT_ID: [BUYER] },
      },
    },
  ],
];

const NEEDS: Partial<Readonly<Record<ConformanceOperation, readonly string[]>>> = {
  BatchMeterUsage: [USAGE_IS_SENT],
  MeterUsage: [TASK_METERS],
  RegisterUsage: [SESSION_IS_SENT],
};

/** What else a client must send as it is told, so that the refusal is the one that is meant. */
function needsOf({ region, input }: ConformanceStep): readonly string[] {
  const text = JSON.stringify(input);
  return [
    ...(region === undefined ? [] : [REGION_IS_SIGNED]),
    ...(text.includes("UsageAllocations") ? [ALLOCATIONS_ARE_SENT] : []),
    ...(text.includes("LicenseArn") ? [LICENCE_IS_SENT] : []),
  ];
}

export const errorCases: readonly ConformanceCase[] = [
  ...REFUSALS.map(([exception, rule, ...steps]): ConformanceCase => {
    const [{ operation }] = steps as [ConformanceStep];
    const last = steps.length - 1;
    return {
      id: `error/${operation}/${exception}`,
      name: `${operation}: ${exception} reaches the caller by its name`,
      rule,
      operations: [operation],
      needs: [...(NEEDS[operation] ?? []), ...steps.flatMap(needsOf)],
      steps: steps.map((step, i) => ({ ...step, answers: i === last ? [refused(exception)] : [{ output: {} }] })),
    };
  }),
  {
    id: "error/once",
    name: "a call that was refused for what it says is not sent again",
    rule: "P1",
    operations: ["BatchMeterUsage"],
    needs: [USAGE_IS_SENT],
    steps: [
      {
        operation: "BatchMeterUsage",
        input: { ProductCode: NO_PRODUCT, UsageRecords: [record(1)] },
        requests: { min: 1, max: 1 },
      },
    ],
  },
];
