/**
 * The checks that refuse a whole BatchMeterUsage request, in order of precedence. Each check looks at all records before the
 * next check begins. The order is that of `batchMeterUsage.refuses`; a test walks through it.
 */
import {
  BATCH_METER_USAGE_CLOSED,
  operationsOf,
  printable,
  iso,
  type BatchMeterUsageInput,
  type EpochMs,
  type RuleSet,
  type UsageRecord,
} from "@countinghouse/protocol";
import { windowChecks } from "../metering/acceptance-window.ts";
import { coversUsage, meteringClosed, type Agreement } from "../catalogue/agreement.ts";
import type { CatalogueView } from "../catalogue/catalogue.ts";
import type { MeteringRecord, MeteringRecordKey } from "../metering/metering-record.ts";
import { kindText, type Product } from "../catalogue/product.ts";
import { rejection, type Rejection } from "../rejection.ts";
import { allocationChecks } from "../metering/usage-allocation.ts";
import { checkDimension } from "./metered-dimension.ts";

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
  /** The id of the record at a position of the request, if it is accepted. */
  meteringRecordId(position: number): string;
}

/** The product that a request is about, and the agreements under which each of its records may be. */
interface Offering {
  readonly product: Product;
  /** One list for each record, in the order of the records. */
  readonly agreements: readonly (readonly Agreement[])[];
}

/** Undefined for an empty request that names no product: there is nothing to meter, and nothing to refuse. */
export function checkBatch(
  request: BatchMeterUsageRequest,
  keys: readonly MeteringRecordKey[],
  facts: BatchMeterUsageFacts,
): Offering | Rejection | undefined {
  const { usageRecords, productCode } = request.input;
  const refused = checkRegion(request.region) ?? checkIdentities(usageRecords, productCode);
  if (refused !== undefined) return refused;
  if (productCode === undefined && usageRecords.length === 0) return undefined;
  const offering =
    productCode === undefined
      ? findLicensed(request, facts)
      : findProduct(productCode, request.callerAccountId, keys, facts);
  if ("code" in offering) return offering;
  for (const check of CHECKS) {
    for (let position = 0; position < usageRecords.length; position += 1) {
      const found = check(usageRecords[position] as UsageRecord, position, offering, facts, keys);
      if (found !== undefined) return found;
    }
  }
  return offering;
}

/** Rule R1. */
function checkRegion(region: string): Rejection | undefined {
  if (!BATCH_METER_USAGE_CLOSED.test(region)) return undefined;
  return rejection("DisabledApiException", "R1", `BatchMeterUsage is not served in ${region}.`, { region });
}

/** Rules I1, I3, I2: the request alone must say who and what its records are about. */
function checkIdentities(records: readonly UsageRecord[], productCode: string | undefined): Rejection | undefined {
  for (const [i, { customerIdentifier, customerAccountId }] of records.entries()) {
    if ((customerIdentifier === undefined) === (customerAccountId === undefined)) {
      const has =
        customerIdentifier === undefined
          ? "it has neither"
          : `it has CustomerIdentifier '${printable(customerIdentifier)}' and CustomerAWSAccountId '${customerAccountId}'`;
      const message = `Usage record ${i + 1} must have exactly one of CustomerIdentifier and CustomerAWSAccountId: ${has}.`;
      return rejection("InvalidCustomerIdentifierException", "I1", message, { record: i + 1 });
    }
  }
  for (const [i, { licenseArn, customerIdentifier }] of records.entries()) {
    if (licenseArn === undefined) continue;
    if (productCode !== undefined) {
      const message = `ProductCode '${productCode}' must be left out: usage record ${i + 1} has LicenseArn '${licenseArn}'.`;
      return rejection("InvalidProductCodeException", "I3", message, { record: i + 1 });
    }
    if (customerIdentifier !== undefined) {
      const named = `CustomerIdentifier '${printable(customerIdentifier)}'`;
      const message = `Usage record ${i + 1} has LicenseArn '${licenseArn}' and must name its customer by CustomerAWSAccountId, not by ${named}.`;
      return rejection("InvalidCustomerIdentifierException", "I3", message, { record: i + 1 });
    }
  }
  if (productCode !== undefined) return undefined;
  const unlicensed = records.findIndex(({ licenseArn }) => licenseArn === undefined);
  if (unlicensed === -1) return undefined;
  const message = `ProductCode is required: usage record ${unlicensed + 1} has no LicenseArn.`;
  return rejection("InvalidProductCodeException", "I2", message, { record: unlicensed + 1 });
}

/** Rules P1 and P2. */
function findProduct(
  productCode: string,
  callerAccountId: string,
  keys: readonly MeteringRecordKey[],
  { catalogue }: BatchMeterUsageFacts,
): Offering | Rejection {
  const product = catalogue.product(productCode);
  if (product === undefined || product.seller !== callerAccountId) {
    const message = `ProductCode '${productCode}' is invalid: it is unknown, or its product was not published by the caller's account, ${callerAccountId}.`;
    return rejection("InvalidProductCodeException", "P1", message, { productCode, callerAccountId });
  }
  const refused = checkType(product, "InvalidProductCodeException", `ProductCode '${productCode}'`);
  if (refused !== undefined) return refused;
  return { product, agreements: agreementsOf(productCode, keys, catalogue) };
}

function agreementsOf(
  productCode: string,
  keys: readonly MeteringRecordKey[],
  catalogue: CatalogueView,
): (readonly Agreement[])[] {
  let before: string | undefined;
  let agreements: readonly Agreement[] = [];
  return keys.map(({ customer }) => {
    if (customer !== before) agreements = catalogue.agreementsOf(productCode, customer);
    before = customer;
    return agreements;
  });
}

/** Rules I5 and P2. */
function findLicensed(request: BatchMeterUsageRequest, { catalogue }: BatchMeterUsageFacts): Offering | Rejection {
  let product: Product | undefined;
  const agreements: (readonly Agreement[])[] = [];
  for (const [i, { licenseArn = "", customerAccountId }] of request.input.usageRecords.entries()) {
    const agreement = catalogue.agreementByLicense(licenseArn);
    const found = agreement === undefined ? undefined : catalogue.product(agreement.productCode);
    const isTheirs = found?.seller === request.callerAccountId && agreement?.customerAccountId === customerAccountId;
    if (agreement === undefined || !isTheirs) {
      const message = `LicenseArn '${licenseArn}' of usage record ${i + 1} is invalid: it is none of CustomerAWSAccountId '${customerAccountId}' with the caller.`;
      return rejection("InvalidLicenseException", "I5", message, { record: i + 1 });
    }
    if (product !== undefined && found !== product) {
      const message = `LicenseArn '${licenseArn}' of usage record ${i + 1} is invalid: it is for another product than those before it.`;
      return rejection("InvalidLicenseException", "I5", message, { record: i + 1 });
    }
    product = found;
    agreements.push([agreement]);
  }
  // There is a record: a request without records and without a product code does not come here.
  const metered = product as Product;
  const [{ licenseArn } = {}] = request.input.usageRecords;
  const refused = checkType(metered, "InvalidLicenseException", `LicenseArn '${licenseArn}'`);
  if (refused !== undefined) return refused;
  return { product: metered, agreements };
}

function checkType(
  { productCode, type, pricing }: Product,
  code: "InvalidProductCodeException" | "InvalidLicenseException",
  /** The name by which the request named the product. */
  named: string,
): Rejection | undefined {
  if (operationsOf(type, pricing).includes("BatchMeterUsage")) return undefined;
  const message = `${named} is invalid: it is that of ${kindText(type)}; BatchMeterUsage is for SaaS products.`;
  return rejection(code, "P2", message, { productCode, type });
}

type RecordCheck = (
  record: UsageRecord,
  position: number,
  offering: Offering,
  facts: BatchMeterUsageFacts,
  keys: readonly MeteringRecordKey[],
) => Rejection | undefined;

/** In order of precedence. */
const CHECKS: readonly RecordCheck[] = [
  checkCustomer,
  (record, position, { product }) => checkDimension(product, record.dimension, position),
  ...windowChecks.map(
    (check): RecordCheck =>
      (record, position, _offering, { ruleSet, nowMs }) =>
        check(record, position, ruleSet.batchMeterUsageWindow, ruleSet, nowMs),
  ),
  ...allocationChecks,
  checkLicenceTerm,
];

/** Rule I4. A record with a licence needs no check here: its customer is the licence's (Rule I5). */
function checkCustomer(
  record: UsageRecord,
  position: number,
  { product, agreements }: Offering,
  { catalogue }: BatchMeterUsageFacts,
  keys: readonly MeteringRecordKey[],
): Rejection | undefined {
  const hasAgreement = agreements[position]?.length !== 0;
  const { customer } = keys[position] as MeteringRecordKey;
  if (record.licenseArn !== undefined || hasAgreement || catalogue.knowsCustomer(product.seller, customer)) {
    return undefined;
  }
  const { customerIdentifier, customerAccountId = "" } = record;
  const named =
    customerIdentifier === undefined
      ? `CustomerAWSAccountId '${customerAccountId}'`
      : `CustomerIdentifier '${printable(customerIdentifier)}'`;
  const message = `${named} of usage record ${position + 1} is invalid: the seller of ProductCode '${product.productCode}' never had such a customer.`;
  return rejection("InvalidCustomerIdentifierException", "I4", message, { record: position + 1 });
}

/** Rule I6. A record that is already kept is answered from the ledger, whatever has become of its licence (Rule K5). */
function checkLicenceTerm(
  record: UsageRecord,
  position: number,
  { agreements }: Offering,
  { kept, nowMs, catalogue }: BatchMeterUsageFacts,
): Rejection | undefined {
  if (record.licenseArn === undefined || kept[position] !== undefined) return undefined;
  const [agreement] = agreements[position] ?? [];
  if (agreement === undefined || agreement.cancelledAtMs !== undefined) return undefined;
  const closed = meteringClosed(agreement, nowMs, catalogue);
  if (closed !== "G1" && closed !== "G3" && coversUsage(agreement, record.timestampMs, nowMs)) return undefined;
  const { startsAtMs, endsAtMs } = agreement;
  const message = `LicenseArn '${record.licenseArn}' of usage record ${position + 1} is not valid for its Timestamp, ${iso(record.timestampMs)}.`;
  return rejection("InvalidLicenseException", "I6", message, {
    record: position + 1,
    timestamp: iso(record.timestampMs),
    now: iso(nowMs),
    startsAt: iso(startsAtMs),
    ...(endsAtMs === undefined ? {} : { endsAt: iso(endsAtMs) }),
  });
}
