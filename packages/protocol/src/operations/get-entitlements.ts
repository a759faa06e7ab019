/**
 * GetEntitlements: what customers of a contract product are entitled to. It belongs to a service of its own, the
 * entitlement service, and is served at the same endpoint. Source: the model `marketplace-entitlement/2017-01-11`.
 */
import { ENTITLEMENTS_PAGE_MAX, INTEGER_MAX, INTEGER_MIN } from "../limits.ts";
import { entitlementService } from "../service.ts";
import type { EpochMs, StructureShape } from "../shapes.ts";
import { operationNames, type Operation } from "./operation.ts";

export const entitlementFilterKeys = [
  "CUSTOMER_IDENTIFIER",
  "DIMENSION",
  "CUSTOMER_AWS_ACCOUNT_ID",
  "LICENSE_ARN",
] as const;

export type EntitlementFilterKey = (typeof entitlementFilterKeys)[number];

/** For each key, a list of values; an entitlement must have one of them (Rule E3). */
export type EntitlementFilter = { readonly [K in EntitlementFilterKey]?: readonly string[] };

export interface GetEntitlementsInput {
  readonly productCode: string;
  readonly filter?: EntitlementFilter;
  readonly nextToken?: string;
  readonly maxResults?: number;
}

/** Has exactly one member: the one of the value's type. */
export interface EntitlementValue {
  readonly integerValue?: number;
  readonly doubleValue?: number;
  readonly booleanValue?: boolean;
  readonly stringValue?: string;
}

/** What one customer is entitled to, for one dimension. */
export interface CustomerEntitlement {
  readonly productCode: string;
  readonly dimension: string;
  /** Absent for products of the newer kind, whose customers are known by account and licence only. */
  readonly customerIdentifier?: string;
  readonly customerAccountId: string;
  readonly value: EntitlementValue;
  /** Absent where neither the entitlement nor its agreement ends. */
  readonly expirationDateMs?: EpochMs;
  readonly licenseArn?: string;
}

export interface GetEntitlementsOutput {
  readonly entitlements: readonly CustomerEntitlement[];
  /** Present where there are more entitlements. */
  readonly nextToken?: string;
}

const entitlementValueShape: StructureShape<EntitlementValue> = {
  kind: "structure",
  name: "EntitlementValue",
  members: {
    integerValue: { wire: "IntegerValue", shape: { kind: "integer", min: INTEGER_MIN, max: INTEGER_MAX } },
    doubleValue: { wire: "DoubleValue", shape: { kind: "double" } },
    booleanValue: { wire: "BooleanValue", shape: { kind: "boolean" } },
    stringValue: { wire: "StringValue", shape: { kind: "string" } },
  },
};

const entitlementShape: StructureShape<CustomerEntitlement> = {
  kind: "structure",
  name: "Entitlement",
  members: {
    productCode: { wire: "ProductCode", shape: { kind: "string" } },
    dimension: { wire: "Dimension", shape: { kind: "string" } },
    customerIdentifier: { wire: "CustomerIdentifier", shape: { kind: "string" } },
    customerAccountId: { wire: "CustomerAWSAccountId", shape: { kind: "string" } },
    value: { wire: "Value", shape: entitlementValueShape },
    expirationDateMs: { wire: "ExpirationDate", shape: { kind: "timestamp" } },
    licenseArn: { wire: "LicenseArn", shape: { kind: "string" } },
  },
};

export const getEntitlements: Operation<GetEntitlementsInput, GetEntitlementsOutput> = {
  ...operationNames(entitlementService, "GetEntitlements"),
  summary: "A seller asks what customers of a contract product are entitled to.",
  caller: "account",
  readOnly: true,
  refuses: ["E3", "E5"],
  input: {
    kind: "structure",
    name: "GetEntitlementsRequest",
    members: {
      productCode: {
        wire: "ProductCode",
        required: true,
        shape: { kind: "string", lengthMin: 1, lengthMax: 255 },
      },
      filter: {
        wire: "Filter",
        shape: {
          kind: "map",
          keys: entitlementFilterKeys,
          value: { kind: "list", member: { kind: "string" }, lengthMin: 1 },
        },
      },
      nextToken: { wire: "NextToken", shape: { kind: "string", pattern: String.raw`\S+`, sensitive: true } },
      maxResults: { wire: "MaxResults", shape: { kind: "integer", min: 1, max: ENTITLEMENTS_PAGE_MAX } },
    },
  },
  output: {
    kind: "structure",
    name: "GetEntitlementsResult",
    members: {
      entitlements: { wire: "Entitlements", shape: { kind: "list", member: entitlementShape } },
      nextToken: { wire: "NextToken", shape: { kind: "string" } },
    },
  },
};
