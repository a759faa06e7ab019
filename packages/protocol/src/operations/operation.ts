import type { RequestQuota } from "../rules/request-quotas.ts";
import type { RuleId } from "../rules/rule-book.ts";
import type { Service } from "../service.ts";
import type { StructureShape } from "../shapes.ts";

/** How an operation is asked for, before anything of its input is read. */
export interface OperationNames {
  readonly name: string;
  /** All that stands in `X-Amz-Target`. */
  readonly target: string;
  /** The same, as other clients write it. */
  readonly otherTarget?: string;
  /** What its service may be called in the path of an RPC v2 request. */
  readonly rpcServices: readonly string[];
  /** Of its service's shapes. */
  readonly namespace: string;
  /** The service name in the scope of the request's signature. */
  readonly signingName: string;
  /** The IAM action that permits it. */
  readonly action: string;
  /** What audit events call its service. */
  readonly eventSource: string;
}

/** All that an operation is, but for what it does: how it is asked for, what goes in and out, and what is said of it. */
export interface Operation<Input, Output> extends OperationNames {
  /** What it does, in a sentence; docs/RULES.md shows it. */
  readonly summary: string;
  /** An account's programs, or a metered resource by itself. */
  readonly caller: "account" | "resource";
  /** Whether IAM calls its access "Read". Source: service authorization reference. */
  readonly readOnly: boolean;
  /** How often an account may call it in one region, where that is bounded. */
  readonly quota?: RequestQuota;
  /** The rules by which it refuses what is well-formed and permitted, in the order of its checks. */
  readonly refuses: readonly RuleId[];
  readonly input: StructureShape<Input>;
  readonly output: StructureShape<Output>;
}

/** An operation, whatever goes in and out. */
export type AnyOperation = Operation<unknown, unknown>;

export function operationNames(service: Service, name: string): OperationNames {
  const { targetPrefix, otherTargetPrefix, namespace } = service;
  const shapeName = targetPrefix.slice(targetPrefix.lastIndexOf(".") + 1);
  return {
    name,
    target: `${targetPrefix}.${name}`,
    ...(otherTargetPrefix === undefined ? {} : { otherTarget: `${otherTargetPrefix}.${name}` }),
    // By its shape or, absolutely, with its namespace; botocore sends its target's prefix.
    rpcServices: [...new Set([shapeName, `${namespace}.${shapeName}`, targetPrefix])],
    namespace,
    signingName: service.signingName,
    action: `${service.actionPrefix}:${name}`,
    eventSource: service.eventSource,
  };
}

/** Whether its requests name a product: by its code, or by the licences in their records. */
export function namesProduct({ input }: AnyOperation): boolean {
  return "productCode" in input.members || "usageRecords" in input.members;
}

/** Whether its answer may give records back undecided. */
export function givesRecordsBack({ output }: AnyOperation): boolean {
  return "unprocessedRecords" in output.members;
}

/** What no operation can do without: a bounded body that is JSON, and a signature; a permission, and the right members. */
const SIGNED: readonly RuleId[] = ["L1", "D4", "N2", "N1"];
const PERMITTED: readonly RuleId[] = ["N3", "D3", "L5"];

/** The order in which it refuses: a request with several things wrong gets the first of the list. */
export function refusalOrderOf({ quota, refuses }: AnyOperation): readonly RuleId[] {
  return [...SIGNED, ...(quota === undefined ? [] : [quota.rule]), ...PERMITTED, ...refuses];
}
