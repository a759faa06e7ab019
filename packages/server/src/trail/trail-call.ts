/** A call of the metering service, as a record of CloudTrail tells it. */
import {
  batchMeterUsage,
  decoderOf,
  meterUsage,
  printable,
  readTime,
  registerUsage,
  resolveCustomer,
  type BatchMeterUsageInput,
  type DecodeRefusal,
  type EpochMs,
  type MeterUsageInput,
  type RegisterUsageInput,
  type StructureShape,
} from "@countinghouse/protocol";
import { wireFormOf } from "./wire-form.ts";

/** What AWS answered. */
export interface AwsAnswer {
  /** The error's name, where the call was refused. */
  readonly error: string | undefined;
  /** Of BatchMeterUsage: one for each record that was decided. */
  readonly results: readonly { readonly status: string; readonly meteringRecordId: string | undefined }[];
  /** Of BatchMeterUsage: how many records were not decided. They stand at the end of the input here. */
  readonly unprocessed: number;
}

/** Why nothing can be said of what the rules make of a call. */
export type Unsaid = "request-missing" | "request-clipped" | "answer-missing" | "value-hidden";

interface Told {
  readonly eventId: string;
  readonly requestId: string;
  /** In whole seconds. */
  readonly atMs: EpochMs;
  readonly accountId: string;
  readonly region: string;
  readonly answer: AwsAnswer;
  readonly unsaid: Unsaid | undefined;
}

export type TrailCall =
  | (Told & {
      readonly operation: "BatchMeterUsage";
      /** Absent where nothing can be said, and where the request could not be read by the service's model. */
      readonly input: BatchMeterUsageInput | undefined;
      readonly malformed: DecodeRefusal | undefined;
      /** The product of records with licences, where the record says it. */
      readonly productCode: string | undefined;
    })
  | (Told &
      ByResource & {
        readonly operation: "MeterUsage";
        readonly input: MeterUsageInput | undefined;
        readonly malformed: DecodeRefusal | undefined;
      })
  | (Told & {
      readonly operation: "ResolveCustomer";
      readonly customer: ResolvedCustomer | undefined;
      /** Whether the trail says that the token was of another account's product: only Countinghouse's own does. Rule T3. */
      readonly isOfAnotherAccount: boolean;
    })
  | (Told &
      ByResource & {
        readonly operation: "RegisterUsage";
        readonly input: RegisterUsageInput | undefined;
        readonly malformed: DecodeRefusal | undefined;
      });

/** Of calls that metered resources make. */
interface ByResource {
  /** Two calls of one caller are surely of one resource; those of two callers may be of one, too. */
  readonly caller: string | undefined;
  /** Whether it was signed by a key that lasts, as no resource has. */
  readonly byLastingKey: boolean;
}

export interface ResolvedCustomer {
  readonly productCode: string | undefined;
  readonly customerIdentifier: string | undefined;
  readonly customerAccountId: string | undefined;
  readonly licenseArn: string | undefined;
}

const SOURCE = "metering-marketplace.amazonaws.com";
const OPERATIONS: ReadonlySet<string> = new Set(["BatchMeterUsage", "MeterUsage", "ResolveCustomer", "RegisterUsage"]);

/** A record is no event of CloudTrail, or lacks what every event has. */
export class UnreadableRecordError extends Error {}

/** Undefined for a record of something else. Throws UnreadableRecordError. */
export function trailCall(record: unknown): TrailCall | undefined {
  if (!isObject(record)) throw new UnreadableRecordError("it is no object");
  const { eventSource, eventName } = record;
  if (typeof eventName !== "string" || typeof eventSource !== "string") {
    throw new UnreadableRecordError("it has no eventSource or no eventName, as records of CloudTrail have");
  }
  if (eventSource !== SOURCE || !OPERATIONS.has(eventName)) return undefined;
  const atMs = typeof record["eventTime"] === "string" ? readTime(record["eventTime"]) : undefined;
  if (atMs === undefined) throw new UnreadableRecordError(`its eventTime is ${printable(JSON.stringify(record["eventTime"]) ?? "missing")}`); // prettier-ignore
  const answer = answerOf(record);
  const told = {
    eventId: textOf(record["eventID"]) ?? "",
    requestId: textOf(record["requestID"]) ?? textOf(record["eventID"]) ?? "",
    atMs,
    accountId: textOf(record["recipientAccountId"]) ?? textOf(memberOf(record["userIdentity"], "accountId")) ?? "",
    region: textOf(record["awsRegion"]) ?? "",
    answer,
    unsaid: unsaidOf(record, answer),
  };
  switch (eventName) {
    case "BatchMeterUsage": {
      const productCode = textOf(memberOf(record["additionalEventData"], "productCode"));
      return { ...told, operation: "BatchMeterUsage", productCode, ...requestOf(record, told.unsaid, batchMeterUsage.input, true) }; // prettier-ignore
    }
    case "MeterUsage":
      return { ...told, ...callerIn(record), operation: "MeterUsage", ...requestOf(record, told.unsaid, meterUsage.input) }; // prettier-ignore
    case "ResolveCustomer": {
      const isOfAnotherAccount = memberOf(record["additionalEventData"], "rule") === "T3";
      return {
        ...told,
        operation: "ResolveCustomer",
        customer: customerIn(record["responseElements"]),
        isOfAnotherAccount,
      };
    }
    default:
      return { ...told, ...callerIn(record), operation: "RegisterUsage", ...requestOf(record, told.unsaid, registerUsage.input) }; // prettier-ignore
  }
}

/** The session of an EC2 instance has the instance's name. Those of tasks and pods may have any, and keys of their own. */
const OF_AN_INSTANCE = /:assumed-role\/[^/]+\/i-[0-9a-f]+$/;

function callerIn({ userIdentity }: TrailRecord): ByResource {
  const arn = textOf(memberOf(userIdentity, "arn")) ?? "";
  const type = memberOf(userIdentity, "type");
  const caller = OF_AN_INSTANCE.test(arn) ? arn : textOf(memberOf(userIdentity, "accessKeyId"));
  return { caller, byLastingKey: type === "IAMUser" || type === "Root" };
}

interface Request<Input> {
  readonly input: Input | undefined;
  readonly malformed: DecodeRefusal | undefined;
  readonly unsaid: Unsaid | undefined;
}

function requestOf<Input extends object>(
  record: TrailRecord,
  unsaid: Unsaid | undefined,
  shape: StructureShape<Input>,
  isBatch = false,
): Request<Input> {
  if (unsaid !== undefined) return { input: undefined, malformed: undefined, unsaid };
  const hidden: string[] = [];
  const parameters = isBatch ? decidedFirst(record) : record["requestParameters"];
  const wire = wireFormOf(shape, parameters, (path) => hidden.push(path));
  if (hidden.length > 0) return { input: undefined, malformed: undefined, unsaid: "value-hidden" };
  const decoded = decoderOf(shape)(wire);
  return decoded.ok
    ? { input: decoded.value, malformed: undefined, unsaid: undefined }
    : { input: undefined, malformed: decoded.refusal, unsaid: undefined };
}

/** The request, with its records in the order of the answer, which AWS does not promise to be that of the request. */
function decidedFirst(record: TrailRecord): unknown {
  const { requestParameters, responseElements } = record;
  const results = listOf(responseElements, "results").map((result) => memberOf(result, "usageRecord"));
  const answered = [...results, ...listOf(responseElements, "unprocessedRecords")];
  if (answered.length === 0 || !answered.every(isObject)) return requestParameters;
  return { ...(requestParameters as object), usageRecords: answered };
}

function answerOf({ errorCode, responseElements }: TrailRecord): AwsAnswer {
  const results = listOf(responseElements, "results").map((result) => ({
    status: textOf(memberOf(result, "status")) ?? "",
    meteringRecordId: textOf(memberOf(result, "meteringRecordId")),
  }));
  const unprocessed = listOf(responseElements, "unprocessedRecords").length;
  return { error: textOf(errorCode), results, unprocessed };
}

function unsaidOf(record: TrailRecord, { error, results, unprocessed }: AwsAnswer): Unsaid | undefined {
  const { requestParameters, responseElements, eventName, additionalEventData } = record;
  if (!isObject(requestParameters) || requestParameters["omitted"] === true) return "request-missing";
  if (memberOf(additionalEventData, "clippedRequest") !== undefined) return "request-clipped";
  if (error !== undefined) return undefined;
  if (!isObject(responseElements) || responseElements["omitted"] === true) return "answer-missing";
  const sent = listOf(requestParameters, "usageRecords").length;
  return eventName === "BatchMeterUsage" && results.length + unprocessed !== sent ? "answer-missing" : undefined;
}

function customerIn(elements: unknown): ResolvedCustomer | undefined {
  if (!isObject(elements)) return undefined;
  const wire = wireFormOf(resolveCustomer.output, elements, () => undefined);
  return {
    productCode: textOf(memberOf(wire, "ProductCode")),
    customerIdentifier: textOf(memberOf(wire, "CustomerIdentifier")),
    customerAccountId: textOf(memberOf(wire, "CustomerAWSAccountId")),
    licenseArn: textOf(memberOf(wire, "LicenseArn")),
  };
}

type TrailRecord = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is TrailRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function memberOf(value: unknown, name: string): unknown {
  return isObject(value) ? value[name] : undefined;
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const list = memberOf(value, name);
  return Array.isArray(list) ? (list as readonly unknown[]) : [];
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}
