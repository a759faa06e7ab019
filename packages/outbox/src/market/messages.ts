/**
 * What the marketplace says of agreements: EventBridge events, and messages of its topics as they come out of a queue. Both
 * come by ways that AWS has checked who may use; a message that somebody posts is not taken.
 *
 * Sources: AWS Marketplace seller guide, "Managing SaaS subscription events with Amazon EventBridge" and "Amazon SNS
 * notifications for SaaS products".
 */
import { readInstant } from "../domain/time.ts";

export interface MarketMessage {
  readonly kind: "ended" | "goes-on" | "other";
  readonly name: string;
  readonly licenseArn: string | undefined;
  readonly agreementId: string | undefined;
  readonly customerAccountId: string | undefined;
  readonly customerIdentifier: string | undefined;
  readonly productCode: string | undefined;
  /** When it happened. */
  readonly atMs: number | undefined;
}

type Members = Readonly<Record<string, unknown>>;

/**
 * `Purchase Agreement Ended` is none of them: it comes for agreements that were renewed or replaced, too, and names no product.
 * Whether usage may be metered is the licence's, as AWS's own agent for sellers has it.
 */
const ENDED: ReadonlySet<string> = new Set(["License Deprovisioned", "unsubscribe-pending", "unsubscribe-success"]);
const GOES_ON: ReadonlySet<string> = new Set(["License Updated", "Purchase Agreement Created", "subscribe-success"]);

/** Throws a `TypeError` for what comes by neither way. */
export function readMessage(message: unknown): MarketMessage {
  const members = objectOf(message);
  if (typeof members["detail-type"] === "string" && members["detail"] !== undefined) return eventOf(members);
  const body = members["body"] ?? members["Body"];
  if (typeof body === "string") return queuedOf(objectOf(parsed(body)));
  throw new TypeError(
    "observe takes an EventBridge event (with detail-type and detail) or a message of an SQS queue (with body or Body).",
  );
}

/** A topic's message in a queue: with its envelope, or delivered raw; or an event that a rule sent there. */
function queuedOf(body: Members): MarketMessage {
  if (typeof body["detail-type"] === "string") return eventOf(body);
  const isEnvelope = body["Type"] === "Notification" && typeof body["Message"] === "string";
  const message = isEnvelope ? objectOf(parsed(String(body["Message"]))) : body;
  const action = textOf(message["action"]);
  if (action === undefined) throw new TypeError("The queue's message has no action: it is none of AWS Marketplace's.");
  return {
    kind: kindOf(action),
    name: action,
    licenseArn: textOf(message["license-arn"]),
    agreementId: textOf(message["agreement-id"]),
    customerAccountId: textOf(message["customer-aws-account-id"]),
    customerIdentifier: textOf(message["customer-identifier"])?.trim(),
    productCode: textOf(message["product-code"]),
    atMs: readInstant(textOf(body["Timestamp"]) ?? ""),
  };
}

/** `License Deprovisioned - Manufacturer`, and so on. */
function eventOf(event: Members): MarketMessage {
  const name = String(event["detail-type"]).replace(/ - .*$/, "");
  const detail = objectOf(event["detail"]);
  const [license, agreement, acceptor, product] = ["license", "agreement", "acceptor", "product"].map((member) =>
    membersOf(detail[member]),
  );
  return {
    kind: kindOf(name),
    name,
    licenseArn: textOf(license?.["arn"]) ?? textOf(detail["licenseArn"]),
    agreementId: textOf(agreement?.["id"]) ?? textOf(detail["agreementId"]),
    customerAccountId: textOf(acceptor?.["accountId"]) ?? textOf(detail["customerAWSAccountId"]),
    customerIdentifier: undefined,
    productCode: textOf(product?.["code"]) ?? textOf(detail["productCode"]),
    atMs: readInstant(textOf(agreement?.["endTime"]) ?? textOf(event["time"]) ?? ""),
  };
}

function kindOf(name: string): MarketMessage["kind"] {
  if (ENDED.has(name)) return "ended";
  return GOES_ON.has(name) ? "goes-on" : "other";
}

function objectOf(value: unknown): Members {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Members;
  throw new TypeError(`A message of the marketplace is an object; this is ${value === null ? "null" : typeof value}.`);
}

function membersOf(value: unknown): Members | undefined {
  return typeof value === "object" && value !== null ? (value as Members) : undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new TypeError("The message is not JSON.");
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
