/**
 * A transport that answers from memory as the service does, by the same shapes and rules, for sellers' unit tests. It has no
 * permissions, no agreements with a beginning and an end, and no resources; the server has.
 */
import { ruleSets, type RuleSetName } from "@countinghouse/protocol";
import { TransportError, type Transport, type TransportAnswer, type TransportRequest } from "../transport/transport.ts";
import { meterBatch, meterOne, registered, resolved } from "./fake-operations.ts";
import { Refusal, type FakeState } from "./fake-state.ts";

export interface FakeProduct {
  readonly productCode: string;
  readonly dimensions: readonly string[];
}

export interface FakeCustomer {
  readonly customerIdentifier?: string;
  readonly customerAccountId?: string;
  readonly licenseArn?: string;
  /** Products for which the customer has no agreement (any more): usage of them is `CustomerNotSubscribed`. */
  readonly notSubscribed?: readonly string[];
  /** The registration token of this customer in `resolveCustomer`, and its product. */
  readonly registrationToken?: string;
  readonly productCode?: string;
}

export interface FakeMarketOptions {
  /** By default every product and dimension is known. */
  readonly products?: readonly FakeProduct[];
  /** By default every customer is known and subscribed. */
  readonly customers?: readonly FakeCustomer[];
  /** The service's time, in milliseconds since the epoch; by default this machine's. */
  readonly now?: () => number;
  /** By default `current`, as at AWS. */
  readonly ruleSet?: RuleSetName;
}

/** What the market keeps of a metering record. */
export interface FakeMeteringRecord {
  readonly meteringRecordId: string;
  readonly productCode: string | undefined;
  readonly timestamp: Date;
  readonly dimension: string;
  readonly quantity: number;
  readonly customerIdentifier?: string;
  readonly customerAccountId?: string;
  readonly licenseArn?: string;
}

/**
 * What happens to the next requests: `throttle` and `internal-error` refuse them; `unprocessed` gives all records back;
 * `lost-answer` does the request and cuts the connection.
 */
export type FakeFault = "throttle" | "internal-error" | "unprocessed" | "lost-answer";

export interface FakeMarket {
  /** To be given to a client as its `transport`. */
  readonly transport: Transport;
  /** All metering records, in the order of metering. */
  readonly records: readonly FakeMeteringRecord[];
  /** All requests, with their operations. */
  readonly requests: readonly { readonly operation: string; readonly input: unknown }[];
  /** Lets this happen to the next `count` requests. */
  fail(fault: FakeFault, count?: number): void;
}

export function fakeMarket(options: FakeMarketOptions = {}): FakeMarket {
  const { products, customers, now = () => Date.now(), ruleSet = "current" } = options;
  const state: FakeState = {
    products,
    customers,
    now,
    rules: ruleSets[ruleSet],
    records: [],
    byKey: new Map(),
    faults: [],
  };
  const requests: { operation: string; input: unknown }[] = [];
  const send = async (request: TransportRequest): Promise<TransportAnswer> => {
    await Promise.resolve();
    const operation = headerOf(request, "x-amz-target").split(".").at(-1) ?? "";
    const input: unknown = JSON.parse(request.body);
    requests.push({ operation, input });
    const requestId = `fake-${requests.length}`;
    const fault = state.faults.shift();
    if (fault === "throttle")
      return answer(state, requestId, 400, { __type: "ThrottlingException", message: "Slow down." });
    if (fault === "internal-error") return answer(state, requestId, 500, { __type: "InternalServiceErrorException" });
    const answered = perform(state, operation, input, fault === "unprocessed");
    if (fault === "lost-answer")
      throw new TransportError("connection", "The connection was cut, as the test wished.", true);
    return answer(state, requestId, answered.status, answered.body);
  };
  return {
    transport: { send, close: () => undefined },
    records: state.records,
    requests,
    fail: (fault, count = 1) => void state.faults.push(...Array.from({ length: count }, () => fault)),
  };
}

function perform(
  state: FakeState,
  operation: string,
  input: unknown,
  isUnprocessed: boolean,
): { readonly status: number; readonly body: object } {
  try {
    switch (operation) {
      case "BatchMeterUsage":
        return { status: 200, body: meterBatch(state, input, isUnprocessed) };
      case "MeterUsage":
        return { status: 200, body: meterOne(state, input) };
      case "RegisterUsage":
        return { status: 200, body: registered(input) };
      case "ResolveCustomer":
        return { status: 200, body: resolved(state, input) };
      default:
        throw new Refusal("UnknownOperationException", `There is no operation ${operation}.`);
    }
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: 400, body: { __type: error.code, message: error.message } };
  }
}

function answer(state: FakeState, requestId: string, status: number, body: object): TransportAnswer {
  const headers: Readonly<Record<string, string>> = {
    "x-amzn-requestid": requestId,
    date: new Date(state.now()).toUTCString(),
    // As in a lab: usage is checked against this time, and requests are signed with the machine's.
    "x-countinghouse-service-time": new Date(state.now()).toISOString(),
  };
  return { status, header: (name) => headers[name], text: JSON.stringify(body) };
}

function headerOf({ headers }: TransportRequest, name: string): string {
  return headers[headers.indexOf(name) + 1] ?? "";
}
