/**
 * BatchMeterUsage, decided: the whole batch is refused for the first reason that holds, in the order of `CHECKS`;
 * otherwise each record is judged by itself, in the order of the request.
 */
import type { BatchMeterUsageInput, EpochMs, RuleSet, UsageRecord, UsageRecordResult } from "@countinghouse/protocol";
import { checkWindow } from "../acceptance-window.ts";
import { inForce, type Agreement } from "../agreement.ts";
import type { CatalogueView } from "../catalogue.ts";
import { isReplay, keyOf, sameKey, type MeteringRecord, type MeteringRecordKey } from "../metering-record.ts";
import type { Product } from "../product.ts";
import { rejection, type Rejection } from "../rejection.ts";
import { checkAllocations } from "../usage-allocation.ts";

export interface BatchMeterUsageRequest {
  readonly callerAccountId: string;
  readonly region: string;
  readonly input: BatchMeterUsageInput;
}

export interface BatchMeterUsageFacts {
  readonly catalogue: CatalogueView;
  readonly nowMs: EpochMs;
  readonly ruleSet: RuleSet;
  /** What is kept under each record's key (`keysOf`), in the order of the records. */
  readonly kept: readonly (MeteringRecord | undefined)[];
  /** The id that a record gets if it is accepted, by its position in the request. */
  meteringRecordId(position: number): string;
}

export interface AcceptedRecord {
  /** The record's place in the request, from 0. */
  readonly position: number;
  readonly key: MeteringRecordKey;
  readonly quantity: number;
}

export type BatchMeterUsageDecision =
  | { readonly rejected: Rejection }
  | {
      readonly rejected?: undefined;
      /** The product that was metered; undefined only for an empty request without a product code. */
      readonly productCode: string | undefined;
      readonly results: readonly UsageRecordResult[];
      readonly accepted: readonly AcceptedRecord[];
    };

/** The keys of the records, in their order: what the ledger is asked for before the decision. */
export function keysOf(request: BatchMeterUsageRequest): MeteringRecordKey[] {
  const { usageRecords, productCode } = request.input;
  return usageRecords.map((record) => keyOf(record, productCode, request.region));
}

export function decideBatchMeterUsage(
  request: BatchMeterUsageRequest,
  keys: readonly MeteringRecordKey[],
  facts: BatchMeterUsageFacts,
): BatchMeterUsageDecision {
  const offering = findOffering(request, facts);
  if ("code" in offering) return { rejected: offering };
  const { product, agreementsOf } = offering;
  const records = request.input.usageRecords;
  if (product !== undefined) {
    for (const check of CHECKS) {
      for (let position = 0; position < records.length; position += 1) {
        const rejected = check(
          records[position] as UsageRecord,
          position,
          product,
          facts,
          keys[position] as MeteringRecordKey,
        );
        if (rejected !== undefined) return { rejected };
      }
    }
  }

  const results: UsageRecordResult[] = [];
  const accepted: AcceptedRecord[] = [];
  for (let position = 0; position < records.length; position += 1) {
    const usageRecord = records[position] as UsageRecord;
    const key = keys[position] as MeteringRecordKey;
    const kept = facts.kept[position] ?? acceptedBefore(key, accepted, records, facts);
    if (kept !== undefined) {
      const status = isReplay(kept, usageRecord) ? "Success" : "DuplicateRecord";
      results.push({ usageRecord, meteringRecordId: kept.meteringRecordId, status });
    } else if (!isSubscribed(agreementsOf(key), usageRecord, facts.nowMs)) {
      results.push({ usageRecord, status: "CustomerNotSubscribed" });
    } else {
      accepted.push({ position, key, quantity: usageRecord.quantity ?? 0 });
      results.push({ usageRecord, meteringRecordId: facts.meteringRecordId(position), status: "Success" });
    }
  }
  return { productCode: product?.productCode, results, accepted };
}

/** Rule K4: the record of this key, if any, that was accepted earlier in the same request. */
function acceptedBefore(
  key: MeteringRecordKey,
  accepted: readonly AcceptedRecord[],
  records: readonly UsageRecord[],
  facts: BatchMeterUsageFacts,
): MeteringRecord | undefined {
  const before = accepted.find((candidate) => sameKey(candidate.key, key));
  if (before === undefined) return undefined;
  const { position, quantity } = before;
  const { usageAllocations } = records[position] as UsageRecord;
  return { meteringRecordId: facts.meteringRecordId(position), quantity, usageAllocations };
}

/** Rules G1 and G2: subscribed now, and at the time of the usage; a renewal may lie between the two. */
function isSubscribed(agreements: readonly Agreement[], record: UsageRecord, nowMs: EpochMs): boolean {
  // Usage slightly ahead of the clock (Rule W3) counts as usage of now.
  const usedAtMs = Math.min(record.timestampMs, nowMs);
  return (
    agreements.some((agreement) => inForce(agreement, nowMs)) &&
    agreements.some((agreement) => inForce(agreement, usedAtMs))
  );
}

interface Offering {
  readonly product: Product | undefined;
  readonly agreementsOf: (key: MeteringRecordKey) => readonly Agreement[];
}

/** Rules I1, I2, I3, I5, P1 and P2: which product this request is for, and how its customers are found. */
function findOffering(request: BatchMeterUsageRequest, facts: BatchMeterUsageFacts): Offering | Rejection {
  const { usageRecords, productCode } = request.input;
  for (const [i, record] of usageRecords.entries()) {
    if ((record.customerIdentifier === undefined) === (record.customerAccountId === undefined)) {
      const message = `Usage record ${i + 1} must have exactly one of CustomerIdentifier and CustomerAWSAccountId.`;
      return rejection("InvalidCustomerIdentifierException", "I1", message, { record: i + 1 });
    }
  }
  const licensed = usageRecords.findIndex((record) => record.licenseArn !== undefined);
  if (licensed !== -1) return findLicensedOffering(request, licensed, facts);
  if (productCode === undefined) {
    if (usageRecords.length === 0) return { product: undefined, agreementsOf: () => [] };
    const message = "ProductCode is required unless every usage record has a LicenseArn.";
    return rejection("InvalidProductCodeException", "I2", message);
  }
  const product = findProduct(productCode, request.callerAccountId, facts.catalogue);
  if ("code" in product) return product;
  return {
    product,
    agreementsOf: (key) => facts.catalogue.agreementsOf(product.productCode, key.customer),
  };
}

function findLicensedOffering(
  request: BatchMeterUsageRequest,
  licensed: number,
  facts: BatchMeterUsageFacts,
): Offering | Rejection {
  const { usageRecords, productCode } = request.input;
  if (productCode !== undefined) {
    const message = `ProductCode must be left out: usage record ${licensed + 1} has a LicenseArn.`;
    return rejection("InvalidProductCodeException", "I3", message, { record: licensed + 1 });
  }
  const agreements = new Map<string, Agreement>();
  let product: Product | undefined;
  for (const [i, record] of usageRecords.entries()) {
    const where = { record: i + 1 };
    if (record.licenseArn === undefined) {
      const message = `Usage record ${i + 1} has no LicenseArn, while others of the request do; ProductCode is missing.`;
      return rejection("InvalidProductCodeException", "I2", message, where);
    }
    if (record.customerAccountId === undefined) {
      const message = `Usage record ${i + 1} has a LicenseArn and must name its customer by CustomerAWSAccountId.`;
      return rejection("InvalidCustomerIdentifierException", "I3", message, where);
    }
    const agreement = facts.catalogue.agreementByLicense(record.licenseArn);
    const found = agreement === undefined ? undefined : facts.catalogue.product(agreement.productCode);
    if (
      agreement === undefined ||
      found === undefined ||
      found.seller !== request.callerAccountId ||
      agreement.customerAccountId !== record.customerAccountId
    ) {
      const message = `The LicenseArn of usage record ${i + 1} is not one of this customer's with the caller.`;
      return rejection("InvalidLicenseException", "I5", message, where);
    }
    if (product !== undefined && found !== product) {
      const message = `The LicenseArn of usage record ${i + 1} is for another product than those before it.`;
      return rejection("InvalidLicenseException", "I5", message, where);
    }
    if (found.type !== "saas") {
      const message = `The LicenseArn of usage record ${i + 1} is for a product of type ${found.type}; BatchMeterUsage is for SaaS products.`;
      return rejection("InvalidLicenseException", "P2", message, { ...where, type: found.type });
    }
    product = found;
    agreements.set(record.licenseArn, agreement);
  }
  return {
    product,
    agreementsOf: (key) => {
      const agreement = agreements.get(key.offering);
      return agreement === undefined ? [] : [agreement];
    },
  };
}

function findProduct(productCode: string, callerAccountId: string, catalogue: CatalogueView): Product | Rejection {
  const product = catalogue.product(productCode);
  if (product === undefined || product.seller !== callerAccountId) {
    const message = "The product code is unknown, or its product was not published by the caller's account.";
    return rejection("InvalidProductCodeException", "P1", message, { productCode, callerAccountId });
  }
  if (product.type !== "saas") {
    const message = `The product is of type ${product.type}; BatchMeterUsage is for SaaS products.`;
    return rejection("InvalidProductCodeException", "P2", message, { productCode, type: product.type });
  }
  return product;
}

type RecordCheck = (
  record: UsageRecord,
  position: number,
  product: Product,
  facts: BatchMeterUsageFacts,
  key: MeteringRecordKey,
) => Rejection | undefined;

/** In order of precedence: every record passes one check before any record meets the next. */
const CHECKS: readonly RecordCheck[] = [
  checkCustomer,
  checkDimension,
  (record, position, _product, facts) =>
    checkWindow(record, position, facts.ruleSet.batchMeterUsageWindow, facts.ruleSet, facts.nowMs),
  checkAllocations,
];

function checkCustomer(
  _record: UsageRecord,
  position: number,
  product: Product,
  facts: BatchMeterUsageFacts,
  key: MeteringRecordKey,
): Rejection | undefined {
  if (facts.catalogue.knowsCustomer(product.seller, key.customer)) return undefined;
  const message = `The customer of usage record ${position + 1} is not known.`;
  return rejection("InvalidCustomerIdentifierException", "I4", message, { record: position + 1 });
}

function checkDimension(record: UsageRecord, position: number, product: Product): Rejection | undefined {
  const dimension = product.dimensions.find((candidate) => candidate.name === record.dimension);
  if (dimension?.kind === "metered") return undefined;
  const message = `The product has no metered dimension as usage record ${position + 1} names it.`;
  return rejection("InvalidUsageDimensionException", "U1", message, {
    record: position + 1,
    dimension: record.dimension.slice(0, 255),
    productCode: product.productCode,
  });
}
