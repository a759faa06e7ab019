/** The operations of a fake market; each refuses in the service's order (`refusalOrderOf` of the protocol). */
import {
  DRY_RUN_RECORD_ID,
  allocationFault,
  batchMeterUsage,
  decoderOf,
  encoderOf,
  meterUsage,
  registerUsage,
  resolveCustomer,
  windowFault,
  type AcceptanceWindow,
  type StructureShape,
  type UsageRecord,
  type UsageRecordResult,
} from "@countinghouse/protocol";
import { keyText } from "../batch/line.ts";
import type { FakeCustomer } from "./fake-market.ts";
import { Refusal, type FakeState, type Kept } from "./fake-state.ts";

const readBatch = readerOf(batchMeterUsage.input);
const readMeter = readerOf(meterUsage.input);
const readRegister = readerOf(registerUsage.input);
const readResolve = readerOf(resolveCustomer.input);
const batchText = encoderOf(batchMeterUsage.output);

export function meterBatch(state: FakeState, input: unknown, isUnprocessed: boolean): object {
  const { usageRecords, productCode } = readBatch(input);
  for (const record of usageRecords) checkIdentity(record);
  for (const record of usageRecords) checkProduct(state, record, productCode);
  for (const record of usageRecords) checkCustomer(state, record);
  for (const record of usageRecords) checkDimension(state, productCode, record.dimension);
  for (const { timestampMs } of usageRecords) checkTime(state, timestampMs, state.rules.batchMeterUsageWindow);
  for (const record of usageRecords) checkAllocations(record);
  if (isUnprocessed) return JSON.parse(batchText({ results: [], unprocessedRecords: usageRecords })) as object;
  const results = usageRecords.map((record) => decided(state, record, productCode));
  return JSON.parse(batchText({ results, unprocessedRecords: [] })) as object;
}

export function meterOne(state: FakeState, input: unknown): object {
  const { productCode, timestampMs, usageDimension, usageQuantity, usageAllocations, dryRun } = readMeter(input);
  const usage = {
    timestampMs,
    dimension: usageDimension,
    ...(usageQuantity === undefined ? {} : { quantity: usageQuantity }),
    ...(usageAllocations === undefined ? {} : { usageAllocations }),
  };
  if (!knowsProduct(state, productCode)) throw unknownProduct(productCode);
  checkDimension(state, productCode, usageDimension);
  checkTime(state, timestampMs, state.rules.meterUsageWindow);
  checkAllocations(usage);
  if (dryRun === true) return { MeteringRecordId: DRY_RUN_RECORD_ID };
  const { kept, sent } = keep(state, usage, productCode);
  if (!isSame(sent, usage)) throw new Refusal("DuplicateRequestException", "Other usage of this hour is metered.");
  return { MeteringRecordId: kept.meteringRecordId };
}

/** The signature proves nothing: only the service can make a real one. */
export function registered(input: unknown): object {
  readRegister(input);
  return { Signature: "fake.registration.signature" };
}

export function resolved({ customers = [] }: FakeState, input: unknown): object {
  const { registrationToken } = readResolve(input);
  const customer = customers.find((one) => one.registrationToken === registrationToken);
  if (customer === undefined) throw new Refusal("InvalidTokenException", "The registration token is not known.");
  return {
    CustomerIdentifier: customer.customerIdentifier,
    CustomerAWSAccountId: customer.customerAccountId,
    LicenseArn: customer.licenseArn,
    ProductCode: customer.productCode,
  };
}

function readerOf<Input>(shape: StructureShape<Input>): (json: unknown) => Input {
  const decode = decoderOf(shape);
  return (json) => {
    const decoded = decode(json);
    if (decoded.ok) return decoded.value;
    throw new Refusal(decoded.refusal.code, decoded.refusal.message);
  };
}

function checkIdentity({ customerIdentifier, customerAccountId, licenseArn }: UsageRecord): void {
  const isOne = (customerIdentifier === undefined) !== (customerAccountId === undefined);
  if (isOne && (licenseArn === undefined || customerAccountId !== undefined)) return;
  throw new Refusal("InvalidCustomerIdentifierException", "A usage record has exactly one customer (Rules I1, I3).");
}

function checkCustomer(state: FakeState, record: UsageRecord): void {
  if (state.customers === undefined || customerOf(state, record) !== undefined) return;
  throw new Refusal("InvalidCustomerIdentifierException", "The customer is not known.");
}

function checkProduct(state: FakeState, { licenseArn }: UsageRecord, productCode: string | undefined): void {
  if (licenseArn !== undefined && productCode === undefined) return;
  if (productCode === undefined || productCode === "" || !knowsProduct(state, productCode)) {
    throw unknownProduct(productCode);
  }
}

function knowsProduct({ products }: FakeState, productCode: string): boolean {
  return products === undefined || products.some((product) => product.productCode === productCode);
}

function unknownProduct(productCode: string | undefined): Refusal {
  return new Refusal("InvalidProductCodeException", `The product ${productCode ?? ""} is not known.`);
}

function checkDimension({ products }: FakeState, productCode: string | undefined, dimension: string): void {
  const product = products?.find((one) => one.productCode === productCode);
  if (product === undefined || product.dimensions.includes(dimension)) return;
  throw new Refusal("InvalidUsageDimensionException", `The product has no dimension ${dimension}.`);
}

function checkTime({ now }: FakeState, timestampMs: number, window: AcceptanceWindow): void {
  const fault = windowFault(timestampMs, window, now());
  if (fault === undefined) return;
  const time = new Date(timestampMs).toISOString();
  throw new Refusal("TimestampOutOfBoundsException", `The time ${time} is out of bounds (Rule ${fault.rule}).`);
}

function checkAllocations(record: Pick<UsageRecord, "quantity" | "usageAllocations">): void {
  const fault = allocationFault(record);
  if (fault === undefined) return;
  const code = fault.rule === "A5" ? "InvalidTagException" : "InvalidUsageAllocationsException";
  throw new Refusal(code, `The allocations do not fit (Rule ${fault.rule}).`);
}

function decided(state: FakeState, record: UsageRecord, productCode: string | undefined): UsageRecordResult {
  const known = state.byKey.get(keyText(record, productCode));
  const isOver = customerOf(state, record)?.notSubscribed?.includes(productCode ?? "") === true;
  if (known === undefined && isOver) return { usageRecord: record, status: "CustomerNotSubscribed" };
  const { kept, sent } = known ?? keep(state, record, productCode);
  const status = isSame(sent, record) ? "Success" : "DuplicateRecord";
  return { usageRecord: record, meteringRecordId: kept.meteringRecordId, status };
}

function customerOf({ customers }: FakeState, record: UsageRecord): FakeCustomer | undefined {
  const { customerIdentifier, customerAccountId } = record;
  return customers?.find((one) =>
    customerIdentifier === undefined
      ? one.customerAccountId === customerAccountId
      : one.customerIdentifier === customerIdentifier,
  );
}

function keep(state: FakeState, record: UsageRecord, productCode: string | undefined): Kept {
  const key = keyText(record, productCode);
  const known = state.byKey.get(key);
  if (known !== undefined) return known;
  const { timestampMs, quantity = 0, usageAllocations: _split, ...rest } = record;
  const meteringRecordId = `fake-record-${state.records.length + 1}`;
  const kept = { ...rest, meteringRecordId, productCode, timestamp: new Date(timestampMs), quantity };
  state.records.push(kept);
  state.byKey.set(key, { kept, sent: record });
  return { kept, sent: record };
}

/** A replay is the same usage of the same hour; seconds do not count (Rule K2). */
function isSame(one: Usage, other: Usage): boolean {
  return textOf(one) === textOf(other);
}

type Usage = Pick<UsageRecord, "quantity" | "usageAllocations">;

function textOf({ quantity = 0, usageAllocations }: Usage): string {
  return JSON.stringify([quantity, usageAllocations]);
}
