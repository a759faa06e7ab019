/** Trouble on demand: what a test has go wrong, so that a program can be seen to cope. Rule F1. */
import type { OperatorClient } from "../operator/client/operator-client.ts";
import type { Fault, NewFault } from "../operator/contract/faults.ts";

type FaultyOperation = NewFault["operation"];

/** Which requests are hit, and how many. Default: the next one. */
export interface FaultOptions extends Pick<NewFault, "count" | "probability" | "match"> {
  /** For `unprocessed`: how many records come back, from the end of the request. Default: all. */
  readonly records?: number | undefined;
}

/** Puts faults in force from the next request on. Requests that they hit are no unexpected refusals. */
export interface MarketFaults {
  /** The request is done and kept; then the connection is cut instead of an answer. */
  dropAnswer(operation: FaultyOperation, options?: Omit<FaultOptions, "records">): Promise<Fault>;
  /** ThrottlingException; nothing is done. */
  throttle(operation: FaultyOperation, options?: Omit<FaultOptions, "records">): Promise<Fault>;
  /** InternalServiceErrorException; nothing is done. */
  internalError(operation: FaultyOperation, options?: Omit<FaultOptions, "records">): Promise<Fault>;
  /** Records of a BatchMeterUsage request come back in UnprocessedRecords. */
  unprocessed(options?: FaultOptions): Promise<Fault>;
  /** The answer comes this much later, in milliseconds. */
  delay(operation: FaultyOperation, delayMs: number, options?: Omit<FaultOptions, "records">): Promise<Fault>;
  /** Takes all of them away. */
  clear(): Promise<void>;
}

export function marketFaults(operator: OperatorClient): MarketFaults {
  const add = (body: NewFault): Promise<Fault> => operator.call("POST /faults", { body });
  return {
    dropAnswer: (operation, options) => add({ operation, kind: "drop-answer", ...options }),
    throttle: (operation, options) => add({ operation, kind: "throttle", ...options }),
    internalError: (operation, options) => add({ operation, kind: "internal-error", ...options }),
    unprocessed: (options) => add({ operation: "BatchMeterUsage", kind: "unprocessed", ...options }),
    delay: (operation, delayMs, options) => add({ operation, kind: "delay", delayMs, ...options }),
    clear: async () => {
      await operator.call("DELETE /faults");
    },
  };
}
