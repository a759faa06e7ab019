/** What an audit event says of the request, the answer and the reasons, by kind of ledger event. */
import {
  DRY_RUN_RECORD_ID,
  HIDDEN,
  batchMeterUsage,
  meterUsage,
  registerUsage,
  resolveCustomer,
  type UsageRecordResult,
} from "@countinghouse/protocol";
import type { Clipped } from "../ledger/clipped-request.ts";
import { isShown, type Call, type DecidedRecord, type LedgerEntry, type LedgerEvent } from "../ledger/entry.ts";
import { meteringRecordId } from "../ledger/ids.ts";
import { withShownTimes } from "../ledger/shown-times.ts";
import { auditedOperation } from "./audited-operations.ts";
import { cloudTrailFormOf, cloudTrailTime } from "./cloudtrail-form.ts";
import { assumedRoleId } from "./user-identity.ts";

export interface EventDetails {
  readonly requestParameters: object | null;
  readonly responseElements: object | null;
  readonly errorCode?: string | undefined;
  readonly errorMessage?: string | undefined;
  readonly additionalEventData?: object | undefined;
  /** What happened, for an event that came by no call of the wire. */
  readonly serviceEventDetails?: object | undefined;
}

const NONE = { requestParameters: null, responseElements: null } as const;
const batchRequest = cloudTrailFormOf(batchMeterUsage.input);
const batchAnswer = cloudTrailFormOf(batchMeterUsage.output);
const selfMeteredRequest = cloudTrailFormOf(meterUsage.input);
const selfMeteredAnswer = cloudTrailFormOf(meterUsage.output);
const registrationForm = cloudTrailFormOf(registerUsage.output);
const customerForm = cloudTrailFormOf(resolveCustomer.output);

export function detailsOf({ call, event }: LedgerEntry): EventDetails {
  const faults = call.faults === undefined ? {} : { faults: call.faults };
  if (isShown(event)) {
    const { request, clipped, count, rule } = event;
    return {
      requestParameters: requestForm(call.operation, request),
      responseElements: null,
      additionalEventData: { count, rule, ...clippedRequest(clipped), ...faults },
    };
  }
  switch (event.kind) {
    case "usage-metered":
      return (event.resourceId === undefined ? meteredDetails : selfMeteredDetails)(event, call.requestId, faults);
    case "customer-resolved":
      return {
        requestParameters: { registrationToken: HIDDEN },
        responseElements: customerForm(event.customer),
        additionalEventData: { agreementId: event.agreementId, ...faults },
      };
    case "call-refused": {
      const { code, message, rule, compared, request, clipped } = event;
      const behind = { ...(rule === undefined ? {} : { rule }), ...(hasMembers(compared) ? { compared } : {}) };
      return {
        requestParameters: request === undefined ? null : requestForm(call.operation, request),
        responseElements: null,
        errorCode: code,
        errorMessage: message,
        ...additional({ ...behind, ...clippedRequest(clipped), ...faults }),
      };
    }
    case "dry-run-passed":
      return {
        requestParameters: requestForm(call.operation, event.request),
        responseElements: selfMeteredAnswer({ meteringRecordId: DRY_RUN_RECORD_ID }),
        additionalEventData: { resourceId: event.resourceId, ...clippedRequest(event.clipped), ...faults },
      };
    case "usage-registered": {
      const { request, signature, publicKeyRotationTimestampMs: rotationMs, resourceId, first } = event;
      const rotated = rotationMs === undefined ? {} : { publicKeyRotationTimestampMs: rotationMs };
      return {
        requestParameters: requestForm(call.operation, request),
        responseElements: registrationForm({ ...rotated, signature }),
        additionalEventData: { resourceId, first, ...faults },
      };
    }
    case "credentials-issued":
      return {
        requestParameters: event.request,
        responseElements: issuedElements(event, call),
        additionalEventData: { resourceId: event.resourceId, ...faults },
      };
    case "caller-identified":
      return { ...NONE, ...additional(faults) };
    case "usage-accrued":
    case "resource-observed":
    case "catalogue-changed":
    case "registration-token-issued":
    case "clock-moved":
    case "fault-added":
    case "faults-removed":
    case "calls-not-kept":
    case "entries-expired":
    case "start-accepted":
    case "lost-tail-accepted":
    case "trail-read":
    case "ledger-reset":
    case "snapshot-saved":
    case "snapshot-loaded": {
      const { kind, ...members } = event;
      return { ...NONE, ...additional(faults), serviceEventDetails: { event: kind, ...withShownTimes(members) } };
    }
  }
}

/** For a request that is not kept whole: `requestParameters` holds its beginning. */
function clippedRequest(clipped: Clipped | undefined): object {
  return clipped === undefined ? {} : { clippedRequest: clipped };
}

function requestForm(operation: string, request: Readonly<Record<string, unknown>>): object {
  return auditedOperation(operation)?.requestForm(request) ?? request;
}

type UsageEvent = Extract<LedgerEvent, { kind: "usage-metered" }>;

/** MeterUsage: the single record of the resource. */
function selfMeteredDetails(event: UsageEvent, requestId: string, faults: object): EventDetails {
  const { productCode = "", resourceId, clientToken, dryRun, records } = event;
  const { usageRecord, keptAs = meteringRecordId(requestId, 0) } = records[0] as DecidedRecord;
  const { timestampMs, dimension, quantity, usageAllocations } = usageRecord;
  return {
    requestParameters: selfMeteredRequest({
      productCode,
      timestampMs,
      usageDimension: dimension,
      ...(quantity === undefined ? {} : { usageQuantity: quantity }),
      ...(usageAllocations === undefined ? {} : { usageAllocations }),
      ...(clientToken === undefined ? {} : { clientToken }),
      ...(dryRun === undefined ? {} : { dryRun }),
    }),
    responseElements: selfMeteredAnswer({ meteringRecordId: keptAs }),
    additionalEventData: { resourceId, ...faults },
  };
}

function meteredDetails(
  { productCode, records, unprocessed = [] }: UsageEvent,
  requestId: string,
  faults: object,
): EventDetails {
  const usageRecords = [...records.map(({ usageRecord }) => usageRecord), ...unprocessed];
  // Rule I3: a request has a product code or licences. So it had a product code where no record has a licence.
  const wasNamed = usageRecords.every(({ licenseArn }) => licenseArn === undefined);
  const results = records.map(({ usageRecord, status, keptAs }, position): UsageRecordResult => {
    const id = keptAs ?? (status === "Success" ? meteringRecordId(requestId, position) : undefined);
    return { usageRecord, status, ...(id === undefined ? {} : { meteringRecordId: id }) };
  });
  const notSubscribed = records.flatMap(({ rule }, i) => (rule === undefined ? [] : [{ record: i + 1, rule }]));
  return {
    requestParameters: batchRequest({
      usageRecords,
      ...(wasNamed && productCode !== undefined ? { productCode } : {}),
    }),
    responseElements: batchAnswer({ results, unprocessedRecords: unprocessed }),
    ...additional({
      ...(wasNamed || productCode === undefined ? {} : { productCode }),
      ...(notSubscribed.length === 0 ? {} : { notSubscribed }),
      ...faults,
    }),
  };
}

/** The answer without its secrets, as CloudTrail writes it. */
function issuedElements(event: Extract<LedgerEvent, { kind: "credentials-issued" }>, { session }: Call): object {
  const { accessKeyId, expiresAtMs, subject, audience, assumedRoleArn } = event;
  const provider = session?.federatedProvider;
  return {
    credentials: { accessKeyId, sessionToken: HIDDEN, expiration: cloudTrailTime(expiresAtMs) },
    subjectFromWebIdentityToken: subject,
    assumedRoleUser: { assumedRoleId: assumedRoleId(assumedRoleArn), arn: assumedRoleArn },
    ...(provider === undefined ? {} : { provider }),
    audience,
  };
}

function additional(data: object): Pick<EventDetails, "additionalEventData"> {
  return hasMembers(data) ? { additionalEventData: data } : {};
}

function hasMembers(data: object): boolean {
  return Object.keys(data).length > 0;
}
