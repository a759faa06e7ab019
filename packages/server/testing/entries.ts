/** Random ledger entries of every kind, for property tests. */
import { QUANTITY_MAX, ruleBook, type RuleId, type UsageRecord } from "@countinghouse/protocol";
import * as fc from "fast-check";
import { FAULT_KINDS, type InjectedFault } from "../src/domain/injected-fault.ts";
import type { AccruedUse, Call, LedgerEntry, LedgerEvent, DecidedRecord } from "../src/ledger/entry.ts";

export const START_MS = 1_773_491_400_000;
const DAY_MS = 86_400_000;

/** Any text that JSON can hold, halves of surrogate pairs included. */
const text = fc.oneof(
  fc.string({ unit: fc.nat({ max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 30 }),
  fc.string({ unit: "grapheme", maxLength: 20 }),
  fc.constantFrom("", "i", "a", "__proto__", "constructor", "\u2028", "\ud83e", '"\\', "\0", "a\nb"),
);
const quantity = fc.oneof(fc.nat({ max: QUANTITY_MAX }), fc.constantFrom(0, 1, QUANTITY_MAX));
const timeMs = fc.oneof(
  fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }),
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
);
/** The times in one entry lie within one acceptance window (Rules W1, W3). */
const usageTimeMs = fc.integer({ min: START_MS - 40 * DAY_MS, max: START_MS + DAY_MS });
const allocation = fc.record(
  { allocatedUsageQuantity: quantity, tags: fc.array(fc.record({ key: text, value: text }), { maxLength: 5 }) },
  { requiredKeys: ["allocatedUsageQuantity"] },
);
const customer = fc.oneof(
  text.map((customerIdentifier) => ({ customerIdentifier })),
  fc.stringMatching(/^[0-9]{1,20}$/).map((customerAccountId) => ({ customerAccountId })),
);
const usageRecord = fc
  .tuple(
    customer,
    fc.record(
      {
        timestampMs: usageTimeMs,
        dimension: text,
        quantity,
        licenseArn: text,
        usageAllocations: fc.array(allocation, { maxLength: 4 }),
      },
      { requiredKeys: ["timestampMs", "dimension"] },
    ),
  )
  .map(([who, what]): UsageRecord => ({ ...who, ...what }));
const meteredRecord: fc.Arbitrary<DecidedRecord> = fc.record(
  {
    usageRecord,
    status: fc.constantFrom("Success", "CustomerNotSubscribed", "DuplicateRecord"),
    keptAs: fc.uuid(),
  },
  { requiredKeys: ["usageRecord", "status"] },
);
const ruleId = fc.constantFrom(...(Object.keys(ruleBook) as RuleId[]));

const use: fc.Arbitrary<AccruedUse> = fc.record(
  {
    resourceId: text,
    customerAccountId: text,
    region: text,
    dimension: text,
    hour: fc.nat(),
    seconds: fc.integer({ min: -3_600, max: 3_600 }),
    adjustment: fc.nat(),
  },
  { requiredKeys: ["resourceId", "customerAccountId", "region", "dimension", "hour", "seconds"] },
);
const resolved = fc.record(
  { customerIdentifier: text, productCode: text, customerAccountId: text, licenseArn: text },
  { requiredKeys: ["productCode", "customerAccountId"] },
);
const asked = fc.dictionary(text, fc.oneof(text, fc.integer(), fc.array(text)));
const faultKind = fc.constantFrom(...FAULT_KINDS);
const fault: fc.Arbitrary<InjectedFault> = fc.record(
  {
    faultId: fc.uuid(),
    operation: text,
    kind: faultKind,
    count: fc.nat(),
    probability: fc.double({ min: 0, max: 1, noNaN: true }).filter((share) => !Object.is(share, -0)),
    match: fc.record({ productCode: text, accountId: text }, { requiredKeys: [] }),
  },
  { requiredKeys: ["faultId", "operation", "kind"] },
);

const event: fc.Arbitrary<LedgerEvent> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        kind: fc.constant("usage-metered" as const),
        productCode: text,
        unprocessed: fc.array(usageRecord, { maxLength: 3 }),
        // Few names in many records: each record must get its own names back.
        records: fc.oneof(
          fc.array(meteredRecord, { maxLength: 8 }),
          fc.array(meteredRecord, { minLength: 1, maxLength: 3 }).map((few) => [...few, ...few.toReversed(), ...few]),
        ),
      },
      { requiredKeys: ["kind", "records"] },
    ),
  },
  fc.record(
    {
      kind: fc.constant("usage-metered" as const),
      productCode: text,
      resourceId: text,
      clientToken: text,
      dryRun: fc.boolean(),
      records: fc.array(meteredRecord, { minLength: 1, maxLength: 1 }),
    },
    { requiredKeys: ["kind", "productCode", "resourceId", "records"] },
  ),
  fc.record({
    kind: fc.constant("dry-run-passed" as const),
    productCode: text,
    resourceId: text,
    request: asked,
  }),
  fc.record(
    {
      kind: fc.constant("usage-registered" as const),
      productCode: text,
      resourceId: text,
      request: asked,
      first: fc.boolean(),
      signature: text,
      publicKeyRotationTimestampMs: timeMs,
    },
    { requiredKeys: ["kind", "productCode", "resourceId", "request", "first", "signature"] },
  ),
  fc.record({ kind: fc.constant("usage-accrued" as const), productCode: text, uses: fc.array(use, { maxLength: 5 }) }),
  fc.record({
    kind: fc.constant("resource-observed" as const),
    source: fc.constantFrom("operator" as const, "ecs-events" as const, "kubernetes" as const),
    resource: asked,
    changed: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("credentials-issued" as const),
    request: asked,
    resourceId: text,
    accessKeyId: text,
    assumedRoleArn: text,
    subject: text,
    audience: text,
    expiresAtMs: timeMs,
  }),
  fc.record({ kind: fc.constant("caller-identified" as const) }),
  fc.record({ kind: fc.constant("customer-resolved" as const), agreementId: text, customer: resolved }),
  fc.record(
    {
      kind: fc.constant("entitlements-shown" as const),
      productCode: text,
      request: asked,
      count: fc.nat({ max: 25 }),
      rule: ruleId,
    },
    { requiredKeys: ["kind", "productCode", "request", "count"] },
  ),
  fc.record({ kind: fc.constant("events-shown" as const), request: asked, count: fc.nat({ max: 50 }) }),
  fc.record(
    {
      kind: fc.constant("call-refused" as const),
      code: fc.constantFrom("InvalidTokenException" as const, "not-found" as const),
      message: text,
      rule: ruleId,
      compared: fc.dictionary(text, fc.oneof(text, fc.integer())),
      request: asked,
    },
    { requiredKeys: ["kind", "code", "message", "compared"] },
  ),
  fc.record({
    kind: fc.constant("catalogue-changed" as const),
    changes: fc.array(
      fc.record(
        {
          kind: fc.constantFrom("account" as const, "access-key" as const, "product" as const, "agreement" as const),
          id: text,
          action: fc.constantFrom("put" as const, "removed" as const),
          value: asked,
        },
        { requiredKeys: ["kind", "id", "action"] },
      ),
    ),
  }),
  fc.record({ kind: fc.constant("registration-token-issued" as const), agreementId: text, expiresAtMs: timeMs }),
  fc.record({ kind: fc.constant("clock-moved" as const), fromMs: timeMs, toMs: timeMs }),
  fc.record({ kind: fc.constant("fault-added" as const), fault }),
  fc.record({ kind: fc.constant("faults-removed" as const), faultIds: fc.array(fc.uuid()) }),
  fc.record({
    kind: fc.constant("start-accepted" as const),
    flag: text,
    compared: fc.dictionary(text, fc.oneof(text, fc.integer())),
  }),
  fc.record({ kind: fc.constant("ledger-reset" as const) }),
  fc.record({ kind: fc.constant("snapshot-saved" as const) }),
  fc.record({
    kind: fc.constant("snapshot-loaded" as const),
    entries: fc.nat(),
    savedAtMs: timeMs,
    accessKeyIds: fc.array(text),
  }),
);
const call: fc.Arbitrary<Call> = fc.record(
  {
    requestId: fc.uuid({ version: 7 }),
    operation: text,
    principal: text,
    accountId: text,
    accessKeyId: text,
    region: text,
    sourceAddress: text,
    session: fc.record(
      {
        resourceId: text,
        platform: fc.constantFrom("ec2" as const, "ecs" as const, "eks" as const),
        federatedProvider: text,
        createdAtMs: timeMs,
      },
      { requiredKeys: ["resourceId", "platform"] },
    ),
    userAgent: text,
    faults: fc.array(
      fc.record({ faultId: fc.uuid(), kind: faultKind, records: fc.nat() }, { requiredKeys: ["faultId", "kind"] }),
    ),
  },
  { requiredKeys: ["requestId", "operation", "principal", "sourceAddress", "userAgent"] },
);
export const anyEntry: fc.Arbitrary<LedgerEntry> = fc.record({ atMs: timeMs, call, event });
